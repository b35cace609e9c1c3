/// Elementwise CPU loops over any types, by tiles: whole registers are converted, and the arithmetic between is left to the
/// compiler's vectoriser, on local arrays that it keeps in registers. (Given the conversions too, g++ tangles them with the
/// conditions of the arithmetic: a loop over bf16 takes twice the instructions.)
#pragma once
#include "kernels/simd/simd.h"

namespace cudenza::kernels {

/// Elements that are worked on together.
constexpr int kTile = 32;
using WholeTile = std::integral_constant<int, kTile>;

/// Calls f(i, width) for the tiles of `count` elements: with the constant kTile, so that loops unroll, and at last with the int
/// that is left.
template <class F> [[gnu::always_inline]] inline void for_tiles(int64_t count, F&& f) {
  int64_t i = 0;
  for (; i + kTile <= count; i += kTile) f(i, WholeTile{});
  if (i < count) f(i, static_cast<int>(count - i));
}

/// Neighbouring elements in acc_t: those in memory, or a converted copy.
template <class T, bool = std::is_same_v<T, acc_t<T>>> class Tile {
 public:
  template <class Width> Tile(const T* p, Width) : p_(p) {}
  T operator[](int k) const { return p_[k]; }

 private:
  const T* p_;
};
template <class T> class Tile<T, false> {
 public:
  Tile(const T* p, WholeTile) {
    for (int k = 0; k < kTile; k += 2 * kSimd<float>) {
      const SimdPair<float> two = simd_load2(p + k);
      simd_store2(values_ + k, two.first, two.second);
    }
  }
  Tile(const T* p, int width) {
#pragma omp simd
    for (int k = 0; k < width; ++k) values_[k] = p[k];
  }
  float operator[](int k) const { return values_[k]; }

 private:
  alignas(64) float values_[kTile];
};

/// y[k] = values[k], rounded to U.
template <class U> inline void store_tile(U* y, const acc_t<U>* values, WholeTile) {
  constexpr int kHalf = kSimd<acc_t<U>>;
  for (int k = 0; k < kTile; k += 2 * kHalf) simd_store2(y + k, simd_load(values + k), simd_load(values + k + kHalf));
}
template <class U> inline void store_tile(U* y, const acc_t<U>* values, int width) {
#pragma omp simd
  for (int k = 0; k < width; ++k) y[k] = values[k];
}

/// y[k] = f(x[k], …) for k < width.
template <class U, class F, class Width, class... T>
[[gnu::always_inline]] inline void map_tile(U* y, Width width, F f, const Tile<T>&... x) {
  if constexpr (std::is_same_v<U, acc_t<U>>) {
#pragma omp simd
    for (int k = 0; k < width; ++k) y[k] = f(x[k]...);
  } else {
    alignas(64) float result[kTile];
#pragma omp simd
    for (int k = 0; k < width; ++k) result[k] = f(x[k]...);
    store_tile(y, result, width);
  }
}

/// y[i] = f(x[i], …) for i < count, in acc_t. y may be one of the x.
template <class U, class F, class... T> [[gnu::always_inline]] inline void simd_map(U* y, int64_t count, F f, const T*... x) {
  for_tiles(count, [=](int64_t i, auto width) { map_tile(y + i, width, f, Tile<T>(x + i, width)...); });
}

/// The same by registers: f takes Simd<acc_t<T>> and gives one.
template <class U, class F, class... T>
[[gnu::always_inline]] inline void simd_map_registers(U* y, int64_t count, F f, const T*... x) {
  constexpr int64_t kHalf = kSimd<acc_t<U>>;
  int64_t i = 0;
  for (; i + 2 * kHalf <= count; i += 2 * kHalf)
    [&](const SimdPair<acc_t<T>>&... two) { simd_store2(y + i, f(two.first...), f(two.second...)); }(simd_load2(x + i)...);
  simd_for<acc_t<U>>(count - i, [&](int64_t k, auto lanes) { simd_store(y + i + k, f(simd_load(x + i + k, lanes)...), lanes); });
}

/// y[i] = x[i], rounded to U, for i < count. (A loop that only copies would be made a memcpy into the tile, by halves.)
template <class T, class U> inline void simd_convert(const T* x, U* y, int64_t count) {
  if constexpr (std::is_same_v<acc_t<T>, acc_t<U>>) {
    constexpr int64_t kHalf = kSimd<acc_t<T>>;
    int64_t i = 0;
    for (; i + 2 * kHalf <= count; i += 2 * kHalf) {
      const SimdPair<acc_t<T>> two = simd_load2(x + i);
      simd_store2(y + i, two.first, two.second);
    }
    for (; i < count; ++i) y[i] = static_cast<acc_t<T>>(x[i]);
  } else {
    simd_map(
        y, count, [](acc_t<T> value) { return static_cast<acc_t<U>>(value); }, x);
  }
}

}  // namespace cudenza::kernels
