/// A vector register of neighbouring frames: the CPU transforms several frames side by side, so that every operation of the
/// transform is one vector operation and no data ever crosses a register.
#pragma once
#include <cstring>

#include "kernels/fft/fft_math.h"

namespace cudenza::kernels {

template <class T> struct alignas(32) Lanes {
  static constexpr int kCount = 32 / sizeof(T);  // 8 floats or 4 doubles: one AVX register, two of SSE or NEON
  typedef T Vector __attribute__((vector_size(32)));
  Vector v;

  static Lanes all(T value) { return {Vector{} + value}; }
  /// kCount values from any address.
  static Lanes load(const T* p) {
    Lanes lanes;
    std::memcpy(&lanes, p, sizeof lanes);
    return lanes;
  }
  void store(T* p) const { std::memcpy(p, &v, sizeof v); }
  T operator[](int i) const { return v[i]; }
};

template <class T> struct ScalarOf<Lanes<T>> { using type = T; };

template <class T> inline Lanes<T> operator+(const Lanes<T>& a, const Lanes<T>& b) { return {a.v + b.v}; }
template <class T> inline Lanes<T> operator-(const Lanes<T>& a, const Lanes<T>& b) { return {a.v - b.v}; }
template <class T> inline Lanes<T> operator*(const Lanes<T>& a, const Lanes<T>& b) { return {a.v * b.v}; }
template <class T> inline Lanes<T> operator*(const Lanes<T>& a, scalar_t<Lanes<T>> b) { return {a.v * b}; }
template <class T> inline Lanes<T> operator-(const Lanes<T>& a) { return {-a.v}; }

}  // namespace cudenza::kernels
