/// From a random word to the factor of an element: shared by the CPU loop and the kernel.
#pragma once
#include <cmath>

#include "kernels/common/extents.h"
#include "kernels/common/host_device.h"
#include "kernels/common/philox.h"

namespace cudenza::kernels {

/// Which words drop, and what kept elements are multiplied by. A is the accumulator type. A word drops if uniform_of(word) < p:
/// if its upper 24 bits are less than p * 2^24.
template <class A> struct DropRule {
  uint32_t threshold;
  A scale;

  explicit DropRule(double p) : scale(static_cast<A>(1 / (1 - p))) {
    const double whole = std::ceil(p * 0x1p24);
    threshold = static_cast<uint32_t>(smaller(whole, 0x1p24 - 1)) << 8;
  }
  HOST_DEVICE A factor(uint32_t word) const { return word < threshold ? A(0) : scale; }
};

/// Word `index` of a stream: for one that stands alone; neighbours share a block.
HOST_DEVICE uint32_t random_word(const RandomStream& stream, int64_t index) {
  const Random4 random = random4(stream, static_cast<uint64_t>(index / 4));
  const int64_t place = index % 4;  // chosen without an index, which would put the block in memory
  return place < 2 ? (place == 0 ? random.word[0] : random.word[1]) : (place == 2 ? random.word[2] : random.word[3]);
}

}  // namespace cudenza::kernels
