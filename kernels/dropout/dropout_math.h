/// From random numbers to the factors of elements: shared by the CPU loop and the kernel.
#pragma once
#include <cmath>

#include "kernels/common/extents.h"
#include "kernels/common/host_device.h"
#include "kernels/common/philox.h"

namespace cudenza::kernels {

/// Which numbers drop, and what kept elements are multiplied by. A is the accumulator type.
template <class A> struct DropRule {
  uint32_t threshold;
  A scale;

  explicit DropRule(double p)
      : threshold(static_cast<uint32_t>(smaller(std::round(p * 65536), 65535.0))),
        scale(static_cast<A>(65536.0 / (65536 - threshold))) {}
  HOST_DEVICE bool keeps(uint32_t number) const { return number >= threshold; }
  HOST_DEVICE A factor(bool kept) const { return kept ? scale : A(0); }
};

/// Number k of a block, 0 <= k < 8.
HOST_DEVICE uint32_t number_of(const Random4& random, int k) {
  const uint32_t low = k & 2 ? random.word[1] : random.word[0], high = k & 2 ? random.word[3] : random.word[2];
  const uint32_t word = k & 4 ? high : low;  // chosen without an index, which would put the block in memory
  return k & 1 ? word >> 16 : word & 0xFFFFu;
}

/// Number `index` of a stream: for one that stands alone; neighbours share a block.
HOST_DEVICE uint32_t random_number(const RandomStream& stream, int64_t index) {
  return number_of(random4(stream, static_cast<uint64_t>(index / 8)), static_cast<int>(index % 8));
}

}  // namespace cudenza::kernels
