/// How a GPU shares out few windows of many pixels.
#pragma once
#include "kernels/pool/pool_math.h"

namespace cudenza::kernels {

/// Into how many slices it cuts each window's pixels: 0 where one thread reduces a whole window, 1 where a block does,
/// more where several blocks do and a second kernel joins their results. A function of the shape alone, so results repeat.
template <class Side> inline int pool_slices(const PoolShape<Side>& s) {
  constexpr int64_t kWidestPack = 8, kEnoughThreads = 1 << 18, kEnoughBlocks = 512, kFewestPixels = 32;
  const int64_t pixels = static_cast<int64_t>(longest(s.rows)) * longest(s.columns);
  const int64_t windows = static_cast<int64_t>(s.batch) * s.rows.out * s.columns.out;
  if (pixels < kFewestPixels || windows * s.channels / kWidestPack >= kEnoughThreads) return 0;
  const int64_t blocks = larger<int64_t>(1, windows * ceil_div<int64_t>(s.channels, 32 * kWidestPack));
  return static_cast<int>(larger<int64_t>(1, smaller(ceil_div(kEnoughBlocks, blocks), pixels / (2 * kFewestPixels))));
}

}  // namespace cudenza::kernels
