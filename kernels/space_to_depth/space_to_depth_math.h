/// Where elements stand before and after.
#pragma once
#include <type_traits>

#include "kernels/common/pack.cuh"
#include "kernels/space_to_depth/space_to_depth.h"

namespace cudenza::kernels {

/// The channels of block number `at` of y.
template <int kBlock, int kChannels, class T> HOST_DEVICE void block_of_space(const DepthShape& s, const T* x, int64_t at, T* y) {
  constexpr int kUsed = kBlock * kBlock * kChannels, kPacks = ceil_div(kUsed, 8);
  const int64_t top = at / s.out_width % s.out_height * kBlock - s.offset, left = at % s.out_width * kBlock - s.offset;
  const T* const picture = x + at / (s.out_width * s.out_height) * s.height * s.width * kChannels;
  Pack<T, 8> packs[kPacks] = {};
#pragma unroll
  for (int k = 0; k < kUsed; ++k) {
    const int64_t row = top + k / (kBlock * kChannels), column = left + k / kChannels % kBlock;
    const bool inside = row >= 0 && row < s.height && column >= 0 && column < s.width;
    if (inside) packs[k / 8][k % 8] = picture[(row * s.width + column) * kChannels + k % kChannels];
  }
#pragma unroll
  for (int p = 0; p < kPacks; ++p) store_pack(y + (at * kPacks + p) * 8, packs[p]);
}

/// Where element number `at` of x stands in y.
HOST_DEVICE int64_t place_in_depth(const DepthShape& s, int64_t at) {
  const int64_t c = at % s.channels, column = at / s.channels % s.width + s.offset;
  const int64_t row = at / (s.channels * s.width) % s.height + s.offset, n = at / (s.channels * s.width * s.height);
  const int64_t block = (n * s.out_height + row / s.block) * s.out_width + column / s.block;
  return block * s.out_channels() + (row % s.block * s.block + column % s.block) * s.channels + c;
}

/// Calls f with the extents as constants: f(integral_constant<block>, integral_constant<channels>).
template <class F> void with_depth_extents(const DepthShape& s, F&& f) {
  constexpr std::integral_constant<int, 1> one;
  constexpr std::integral_constant<int, 2> two;
  constexpr std::integral_constant<int, 3> three;
  constexpr std::integral_constant<int, 4> four;
  if (s.block == 2) return s.channels == 1 ? f(two, one) : f(two, three);
  return s.channels == 1 ? f(four, one) : f(four, three);
}

}  // namespace cudenza::kernels
