/// Many neighbouring words of a random stream at once, for CPU loops.
#pragma once
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include <cstdint>
#include <cstring>

#include "kernels/common/philox.h"

namespace cudenza::kernels {

#if defined(__AVX2__)
namespace philox_detail {

#if defined(__AVX512F__)
constexpr int kBlocks = 8;
#else
constexpr int kBlocks = 4;
#endif
using Lanes __attribute__((vector_size(8 * kBlocks))) = uint64_t;  // a block in each

/// Products of the lanes' lower halves.
inline Lanes multiply(Lanes a, Lanes b) {
#if defined(__AVX512F__)
  return reinterpret_cast<Lanes>(_mm512_maskz_mul_epu32(0xFF, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#else
  return reinterpret_cast<Lanes>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#endif
}

inline Lanes xor3(Lanes a, Lanes b, Lanes c) {
#if defined(__AVX512F__)
  const auto bits = [](Lanes lanes) { return reinterpret_cast<__m512i>(lanes); };
  return reinterpret_cast<Lanes>(_mm512_ternarylogic_epi64(bits(a), bits(b), bits(c), 0x96));
#else
  return a ^ b ^ c;
#endif
}

/// Blocks first, first + 1, … as the lanes hold them: in the order that unpacking turns into memory's.
inline Lanes blocks_from(uint64_t first) {
#if defined(__AVX512F__)
  return first + Lanes{0, 4, 1, 5, 2, 6, 3, 7};
#else
  return first + Lanes{0, 2, 1, 3};
#endif
}

/// Stores a's and b's even lanes in turn, then their odd lanes.
inline void store_unpacked(Lanes a, Lanes b, uint32_t* words) {
#if defined(__AVX512F__)
  const Lanes even = __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14),
              odd = __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15);
#else
  const Lanes even = __builtin_shufflevector(a, b, 0, 4, 2, 6), odd = __builtin_shufflevector(a, b, 1, 5, 3, 7);
#endif
  std::memcpy(words, &even, sizeof even);
  std::memcpy(words + 2 * kBlocks, &odd, sizeof odd);
}

}  // namespace philox_detail
#endif

/// words[4*b + k] = random4(stream, first + b).word[k] for `blocks` blocks b; the step comes by value. REQUIRES blocks % 16 == 0.
///
/// With AVX-512 eight blocks share a register (with AVX2 four), one in each 64-bit lane: a lane's upper half may hold anything,
/// since the multiplication reads the lower one, and its high result comes by a shift. Two registers run side by side, since one
/// would wait for its own products. (What compilers make of the scalar code spends two thirds of its time moving halves about.)
inline void philox_words(uint64_t seed, uint32_t op, uint32_t step, uint64_t first, int blocks, uint32_t* words) {
#if defined(__AVX2__)
  using namespace philox_detail;
  const Lanes zero{}, m0 = zero + 0xD2511F53u, m1 = zero + 0xCD9E8D57u, low = zero + 0xFFFFFFFFu;
  Lanes k0[10], k1[10];  // of the rounds
  for (uint32_t round = 0; round < 10; ++round) {
    k0[round] = zero + (static_cast<uint32_t>(seed) + round * 0x9E3779B9u);
    k1[round] = zero + (static_cast<uint32_t>(seed >> 32) + round * 0xBB67AE85u);
  }
  for (int b = 0; b < blocks; b += 2 * kBlocks) {
    Lanes c0[2], c1[2], c2[2], c3[2];
    for (int i = 0; i < 2; ++i) {
      c0[i] = blocks_from(first + static_cast<uint64_t>(b + i * kBlocks));
      c1[i] = c0[i] >> 32, c2[i] = zero + step, c3[i] = zero + op;
    }
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
      for (int i = 0; i < 2; ++i) {
        const Lanes p0 = multiply(m0, c0[i]), p1 = multiply(m1, c2[i]);
        c0[i] = xor3(p1 >> 32, c1[i], k0[round]), c2[i] = xor3(p0 >> 32, c3[i], k1[round]);
        c1[i] = p1, c3[i] = p0;
      }
    }
    for (int i = 0; i < 2; ++i)
      store_unpacked((c0[i] & low) | (c1[i] << 32), (c2[i] & low) | (c3[i] << 32), words + 4 * (b + i * kBlocks));
  }
#else
  for (int b = 0; b < blocks; ++b) {
    const Random4 random = random4({seed, op, &step}, first + static_cast<uint64_t>(b));
    for (int k = 0; k < 4; ++k) words[4 * b + k] = random.word[k];
  }
#endif
}

}  // namespace cudenza::kernels
