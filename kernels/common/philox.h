/// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011): a counter-based
/// generator. Four 32-bit numbers are a pure function of a 64-bit key and a 128-bit counter, so both devices make the
/// same numbers, in any order, with any number of threads.
#pragma once
#include <cstdint>

#include "kernels/common/host_device.h"

namespace cudenza::kernels {

struct Random4 {
  uint32_t word[4];
};

/// The upper half of a b. The device has an instruction for it; the lower half is a * b.
HOST_DEVICE uint32_t high_product(uint32_t a, uint32_t b) {
#if defined(__CUDA_ARCH__)
  return __umulhi(a, b);
#else
  return static_cast<uint32_t>(static_cast<uint64_t>(a) * b >> 32);
#endif
}

HOST_DEVICE Random4 philox4x32(uint64_t key, Random4 counter) {
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  uint32_t c0 = counter.word[0], c1 = counter.word[1], c2 = counter.word[2], c3 = counter.word[3];
  for (int round = 0; round < 10; ++round) {
    const uint32_t next0 = high_product(0xCD9E8D57u, c2) ^ c1 ^ k0, next2 = high_product(0xD2511F53u, c0) ^ c3 ^ k1;
    const uint32_t next1 = 0xCD9E8D57u * c2, next3 = 0xD2511F53u * c0;
    c0 = next0, c1 = next1, c2 = next2, c3 = next3;
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

/// Names one stream of random numbers. Every random op of a step has its own `op`; `step` moves on with the training step
/// and is read from memory of the device that runs the kernel, so that a captured step draws anew at each replay.
struct RandomStream {
  uint64_t seed;
  uint32_t op;
  const uint32_t* step;  ///< one number, on the device; null means step 0
};

/// Four random words: number `block` of the stream.
HOST_DEVICE Random4 random4(const RandomStream& stream, uint64_t block) {
  const uint32_t step = stream.step ? *stream.step : 0;
  return philox4x32(stream.seed, {{static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), step, stream.op}});
}

/// Uniform in [0, 1): 24 random bits, so that the value is exact in float.
HOST_DEVICE float uniform_of(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }

}  // namespace cudenza::kernels
