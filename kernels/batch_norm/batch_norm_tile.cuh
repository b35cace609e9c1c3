/// How the threads of the batch-norm kernels share [rows, channels].
///
/// A thread stands at a pack of N neighbouring channels and walks over rows, so that what belongs to a channel stays in its
/// registers; `lanes` neighbouring threads stand at neighbouring packs, so that a warp reads whole lines. A block covers a
/// tile of lanes * N channels and one group of rows after the other: kRowsAtOnce for each of its threads, whose loads are
/// all in flight together.
#pragma once
#include "kernels/batch_norm/batch_norm_math.h"
#include "kernels/common/launch.h"
#include "kernels/common/pack.cuh"
#include "kernels/common/reduce.cuh"

namespace cudenza::kernels {

constexpr int kThreads = 256;
constexpr int kRowsAtOnce = 4;

struct Tiling {
  int lanes = 1;       ///< threads along the channels: a power of two, a mask word (32 channels) at least, a warp at most
  int64_t tiles = 1;   ///< along the channels
  int64_t groups = 0;  ///< along the rows
  int64_t blocks = 1;  ///< along the rows: block b takes groups b, b + blocks, …

  dim3 grid() const { return dim3(static_cast<unsigned>(tiles * blocks)); }
};

template <int N> Tiling tiling_of(const BatchNormShape& shape) {
  Tiling tiling{.lanes = 32 / N};
  const int64_t packs = ceil_div<int64_t>(shape.channels, N);
  while (tiling.lanes < kWarpSize && tiling.lanes < packs) tiling.lanes *= 2;
  tiling.tiles = ceil_div<int64_t>(packs, tiling.lanes);
  tiling.groups = ceil_div<int64_t>(shape.rows, kThreads / tiling.lanes * kRowsAtOnce);
  return tiling;
}

/// A thread's place. Threads past the last channel stand at the last pack, and read what others read, but write nothing.
template <int N> struct Place {
  int64_t block, channel;
  int row_lane, row_lanes;
  bool inside;

  __device__ Place(const BatchNormShape& shape, const Tiling& tiling)
      : block(blockIdx.x / tiling.tiles),
        channel((blockIdx.x % tiling.tiles * tiling.lanes + threadIdx.x % tiling.lanes) * N),
        row_lane(threadIdx.x / tiling.lanes),
        row_lanes(kThreads / tiling.lanes),
        inside(channel < shape.channels) {
    if (!inside) channel = shape.channels - N;
  }
  /// Its rows in a group are this one, and every row_lanes-th after it.
  __device__ int64_t first_row(int64_t group) const { return group * row_lanes * kRowsAtOnce + row_lane; }
  /// Whether none of the group's rows lies past the last: the same for all threads of the block.
  __device__ bool is_whole(int64_t group, const BatchNormShape& shape) const {
    return (group + 1) * row_lanes * kRowsAtOnce <= shape.rows;
  }
};

template <class... Pointers> bool may_use_packs(const BatchNormShape& shape, int pack, const Pointers*... pointers) {
  return shape.channels % pack == 0 && (is_pack_aligned(pointers) && ...);
}

}  // namespace cudenza::kernels
