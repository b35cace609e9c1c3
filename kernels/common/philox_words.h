/// Many neighbouring words of a random stream at once, for CPU loops.
#pragma once
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include <cstdint>

#include "kernels/common/philox.h"

namespace cudenza::kernels {

/// words[4*b + k] = random4(stream, first + b).word[k] for `blocks` blocks b; the step comes by value. REQUIRES blocks % 4 == 0.
///
/// With AVX2 four blocks share a register, one in each 64-bit lane: a lane's upper half may hold anything, since the
/// multiplication reads the lower one, and its high result comes by a shift. (What compilers make of the scalar code spends
/// two thirds of its time on moving halves about.)
inline void philox_words(uint64_t seed, uint32_t op, uint32_t step, uint64_t first, int blocks, uint32_t* words) {
#if defined(__AVX2__)
  const auto all = [](uint64_t value) { return _mm256_set1_epi64x(static_cast<long long>(value)); };
  const __m256i m0 = all(0xD2511F53u), m1 = all(0xCD9E8D57u);
  for (int b = 0; b < blocks; b += 4) {
    const uint64_t block = first + static_cast<uint64_t>(b);
    __m256i c0 = _mm256_add_epi64(all(block), _mm256_set_epi64x(3, 2, 1, 0)), c1 = _mm256_srli_epi64(c0, 32), c2 = all(step),
            c3 = all(op);
    uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
    for (int round = 0; round < 10; ++round) {
      const __m256i p0 = _mm256_mul_epu32(m0, c0), p1 = _mm256_mul_epu32(m1, c2);
      c0 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p1, 32), c1), all(k0));
      c2 = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p0, 32), c3), all(k1));
      c1 = p1, c3 = p0;
      k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
    }
    const __m256i c01 = _mm256_blend_epi32(c0, _mm256_slli_epi64(c1, 32), 0xAA),
                  c23 = _mm256_blend_epi32(c2, _mm256_slli_epi64(c3, 32), 0xAA);
    const __m256i even = _mm256_unpacklo_epi64(c01, c23), odd = _mm256_unpackhi_epi64(c01, c23);  // blocks 0 and 2, 1 and 3
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(words + 4 * b), _mm256_permute2x128_si256(even, odd, 0x20));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(words + 4 * b + 8), _mm256_permute2x128_si256(even, odd, 0x31));
  }
#else
  for (int b = 0; b < blocks; ++b) {
    const Random4 random = random4({seed, op, &step}, first + static_cast<uint64_t>(b));
    for (int k = 0; k < 4; ++k) words[4 * b + k] = random.word[k];
  }
#endif
}

}  // namespace cudenza::kernels
