/// Elementary functions of whole registers, for the CPU loops that spend their time in them.
#pragma once
#include <limits>

#include "kernels/common/math.h"
#include "kernels/simd/simd.h"

namespace cudenza::kernels {

/// e^x for x up to 88, within 2 units in the last place; 0 below -87.33, where it would be subnormal; NaN for NaN.
///
/// x = n ln2 / k + r: e^x = 2^(n / k) e^r. The fractions 2^(j / k) are a register that one instruction looks up, and leave so
/// small an r that three terms do. exp_of, which compilers must be able to vectorise, has no such instruction and takes six: it
/// waits for multiplications, of which AVX-512 does one a cycle.
inline Simd<float> simd_exp(Simd<float> x) {
#if defined(__AVX2__)
#if defined(__AVX512F__)
  constexpr int kBits = 4;
  const Simd<float> fractions{1.0f,        1.04427373f, 1.09050775f, 1.13878858f, 1.18920708f, 1.24185777f,
                              1.29683959f, 1.35425556f, 1.41421354f, 1.47682619f, 1.54221082f, 1.61049032f,
                              1.68179286f, 1.75625217f, 1.8340081f,  1.91520655f};
#else
  constexpr int kBits = 3;
  const Simd<float> fractions{1.0f, 1.09050775f, 1.18920708f, 1.29683959f, 1.41421354f, 1.54221082f, 1.68179286f, 1.8340081f};
#endif
  constexpr float k = 1 << kBits, kMost = 0.346573590f / k;                                // |r| is at most so much
  const Simd<float> shifted = x * (k * 1.44269504f) + 0x1.8p23f, n = shifted - 0x1.8p23f;  // n in its lowest bits
  const Simd<float> r = (x - n * (0.693145752f / k)) - n * (1.42860677e-6f / k);           // n times the first is exact
  // The fourth term, r^3 / 24, is spread over the others as Chebyshev's polynomial says.
  const Simd<float> less_one = r * (1.0f + r * ((0.5f + kMost * kMost / 32) + r * (1.0f / 6)));
  const SimdMask<float> bits = reinterpret_cast<SimdMask<float>>(shifted), whole = bits << (23 - kBits) & int32_t{-1} << 23;
#if defined(__AVX512F__)
  const auto fraction = reinterpret_cast<SimdMask<float>>(
      _mm512_maskz_permutexvar_ps(0xFFFF, reinterpret_cast<__m512i>(bits), reinterpret_cast<__m512>(fractions)));
#else
  const auto fraction = reinterpret_cast<SimdMask<float>>(
      _mm256_permutevar8x32_ps(reinterpret_cast<__m256>(fractions), reinterpret_cast<__m256i>(bits)));
#endif
  const Simd<float> power = reinterpret_cast<Simd<float>>(fraction + whole);
  return x < -87.33f ? Simd<float>{} : power + power * less_one;
#else
  for (int i = 0; i < kSimd<float>; ++i) x[i] = exp_of(x[i]);
  return x;
#endif
}

/// 1 / (1 + e^-x), by e^-|x|, which never overflows.
template <class A> inline Simd<A> simd_sigmoid(Simd<A> x) {
  const SimdMask<A> negative = reinterpret_cast<SimdMask<A>>(x) | std::numeric_limits<mask_t<A>>::min();
  const Simd<A> power = simd_exp(reinterpret_cast<Simd<A>>(negative));
  return (x < 0 ? power : simd_all(A(1))) / (A(1) + power);
}

}  // namespace cudenza::kernels
