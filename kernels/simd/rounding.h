/// From f32 to bytes, a register at a time: value by value what a plain loop with std::fma and std::nearbyint gives.
#pragma once
#include <cmath>

#include "kernels/simd/simd.h"

namespace cudenza::kernels {

/// a · b + c, rounded once.
inline Simd<float> simd_fma(Simd<float> a, Simd<float> b, Simd<float> c) {
#if defined(__AVX512F__)
  return reinterpret_cast<Simd<float>>(
      _mm512_fmadd_ps(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b), reinterpret_cast<__m512>(c)));
#elif defined(__FMA__)
  return reinterpret_cast<Simd<float>>(
      _mm256_fmadd_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b), reinterpret_cast<__m256>(c)));
#else
  for (int k = 0; k < kSimd<float>; ++k) c[k] = std::fma(a[k], b[k], c[k]);
  return c;
#endif
}

/// The nearest integers (even ones where two are as near). REQUIRES that they have 32 bits.
inline Simd<int32_t> simd_nearest(Simd<float> v) {
#if defined(__AVX512F__)
  return reinterpret_cast<Simd<int32_t>>(_mm512_maskz_cvtps_epi32(0xFFFF, reinterpret_cast<__m512>(v)));
#elif defined(__AVX__)
  return reinterpret_cast<Simd<int32_t>>(_mm256_cvtps_epi32(reinterpret_cast<__m256>(v)));
#else
  Simd<int32_t> rounded{};
  for (int k = 0; k < kSimd<float>; ++k) rounded[k] = static_cast<int32_t>(std::nearbyint(v[k]));
  return rounded;
#endif
}

/// Values from 0 to 255 stay, those beyond become one of the two; NaN becomes 0.
inline Simd<float> simd_in_byte(Simd<float> v) {
  v = simd_max<float>(Simd<float>{}, v);  // the first where the second is NaN
#if defined(__AVX512F__)
  return reinterpret_cast<Simd<float>>(_mm512_maskz_min_ps(0xFFFF, reinterpret_cast<__m512>(v), _mm512_set1_ps(255)));
#else
  return v < 255.0F ? v : simd_all(255.0F);
#endif
}

/// Writes kSimd<float> bytes: v rounded, and between 0 and 255.
inline void simd_store_bytes(uint8_t* p, Simd<float> v) { simd_narrow<float>(p, simd_nearest(simd_in_byte(v))); }

#if defined(__AVX512BW__)
/// The same of four registers, the first two to p and the others to q.
inline void simd_store_bytes4(uint8_t* p, uint8_t* q, Simd<float> p0, Simd<float> p1, Simd<float> q0, Simd<float> q1) {
  // Packing ends at 0 and at 255 by itself, but what leaves 32 bits is rounded to the least integer, as NaN is.
  const auto bits = [](Simd<float> v) {
    return _mm512_maskz_cvtps_epi32(0xFFFF, _mm512_maskz_min_ps(0xFFFF, _mm512_set1_ps(255), reinterpret_cast<__m512>(v)));
  };
  // It goes by quarters of 128 bits: each then holds four bytes of p0, p1, q0 and q1.
  const __m512i quarters = _mm512_packus_epi16(_mm512_packs_epi32(bits(p0), bits(p1)), _mm512_packs_epi32(bits(q0), bits(q1)));
  const Simd<int32_t> place{0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
  const __m512i all = _mm512_maskz_permutexvar_epi32(0xFFFF, reinterpret_cast<__m512i>(place), quarters);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_maskz_extracti64x4_epi64(0xF, all, 0));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(q), _mm512_maskz_extracti64x4_epi64(0xF, all, 1));
}
#endif

}  // namespace cudenza::kernels
