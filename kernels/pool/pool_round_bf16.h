/// Rounding sums to bf16 in half the steps of simd_rounded (kernels/common/simd_pair.h), which prepares for NaN in every element.
#pragma once
#include "kernels/common/simd_pair.h"

namespace cudenza::kernels {

inline bool has_nan(SimdPair<float> v) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask(reinterpret_cast<__m512>(v.first), reinterpret_cast<__m512>(v.second), _CMP_UNORD_Q) != 0;
#elif defined(__AVX__)
  return _mm256_movemask_ps(_mm256_cmp_ps(reinterpret_cast<__m256>(v.first), reinterpret_cast<__m256>(v.second), _CMP_UNORD_Q)) !=
         0;
#else
  return simd_any<float>((v.first != v.first) | (v.second != v.second));
#endif
}

/// The bits of numbers; rounded to bf16 they are the upper half.
inline Simd<uint32_t> with_rounded_half(Simd<float> v) {
  const Simd<uint32_t> bits = reinterpret_cast<Simd<uint32_t>>(v);
  return bits + (0x7FFFu + (bits >> 16 & 1u));
}

/// simd_rounded(v).
inline Simd<uint32_t> rounded_words(SimdPair<float> v) {
  if (__builtin_expect(has_nan(v), false)) return simd_rounded(v);
  return with_rounded_half(v.first) >> 16 | (with_rounded_half(v.second) & 0xFFFF0000u);
}

}  // namespace cudenza::kernels
