/// How a [batch, rows, channels] array is shared among threads when every channel is treated alike along the rows: sums over
/// rows, and values repeated or multiplied over rows.
///
/// A block of kColumnThreads threads takes a slice of one item's rows and a tile of its channels. `lanes` threads stand side
/// by side, each on a pack of N neighbouring channels, so that a warp reads whole lines; the others take the next rows:
///
///        channels ->                        lane 0   lane 1  ... lane 7
///   rows   thread 0     1  ...   7          N chan.  N chan.     N chan.
///     |    thread 8     9  ...  15          a thread keeps its channels and strides down the rows, so that what belongs
///     v      ...                            to a channel (a sum, a factor) stays in registers and nothing is divided
#pragma once
#include "kernels/common/extents.h"
#include "kernels/common/launch.h"
#include "kernels/common/pack.cuh"
#include "kernels/reduce/reduce.h"

namespace cudenza::kernels {

constexpr int kColumnThreads = 256;
/// Blocks to aim for, as constants, so that sums do not depend on the GPU. Where slices cost partial sums: about four on each
/// multiprocessor of a large one. Where they cost nothing: enough to even out the last wave.
constexpr int64_t kSumBlocks = 512, kStreamBlocks = 4096;
/// Rows that a thread should have before another slice is worth its partial sums.
constexpr int64_t kRowsPerThread = 8;

/// Whether rows of so many channels at these places may be moved in packs of 16 bytes.
template <class... Pointers> bool takes_packs(int pack, int64_t channels, const Pointers*... pointers) {
  return channels % pack == 0 && (is_pack_aligned(pointers) && ...);
}

struct Columns {
  int64_t rows, channels;
  int lanes;        ///< a power of two
  unsigned tiles;   ///< of lanes * N channels
  unsigned slices;  ///< of each item's rows
  int64_t slice_rows;
  unsigned blocks;  ///< batch * slices * tiles; 0 if there is nothing to write
};

/// `pack` channels a thread. Lanes: 32, or fewer where that leaves fewer of them idle.
inline Columns columns_of(const RowsShape& s, int pack, int64_t blocks, int most_lanes = 32) {
  const int64_t packs = ceil_div<int64_t>(s.channels, pack);
  int lanes = most_lanes;
  while (lanes > 8 && packs % lanes != 0) lanes /= 2;
  while (lanes > 1 && lanes / 2 >= packs) lanes /= 2;
  const int64_t tiles = ceil_div<int64_t>(packs, lanes), rows_at_once = kColumnThreads / lanes;
  const int64_t wanted = ceil_div(blocks, larger<int64_t>(s.batch * tiles, 1));
  const int64_t useful = larger<int64_t>(ceil_div(s.rows, rows_at_once * kRowsPerThread), 1);
  const int64_t slice_rows = larger<int64_t>(ceil_div(s.rows, smaller(wanted, useful)), 1);
  const int64_t slices = larger<int64_t>(ceil_div(s.rows, slice_rows), 1);
  return {s.rows,
          s.channels,
          lanes,
          static_cast<unsigned>(tiles),
          static_cast<unsigned>(slices),
          slice_rows,
          static_cast<unsigned>(s.batch * slices * tiles)};
}

/// The part of the array that one thread has: rows row, row + step, … before `end`, channels [channel, channel + N).
struct ColumnPart {
  int64_t item, slice, channel, row, end;
  int step;
  bool has_channels;  ///< false for lanes beyond the last channel; their rows are none
};

template <int N> __device__ inline ColumnPart column_part(const Columns& s) {
  const unsigned lane = threadIdx.x % s.lanes, height = threadIdx.x / s.lanes;
  const unsigned block = blockIdx.x, slice = block / s.tiles % s.slices, item = block / s.tiles / s.slices;
  const int64_t channel = (static_cast<int64_t>(block % s.tiles) * s.lanes + lane) * N;
  const bool has_channels = channel < s.channels;
  const int64_t end = smaller((slice + 1) * s.slice_rows, s.rows);
  return {item, slice, channel, has_channels ? slice * s.slice_rows + height : end, end, kColumnThreads / s.lanes, has_channels};
}

/// Sums the threads of a block that stand on the same channels; the first `lanes` threads get the sums. All must call it,
/// once in a kernel.
template <int N, class A> __device__ inline void sum_over_height(Pack<A, N>& sum, int lanes) {
  SHARED_ARRAY(A, sums, kColumnThreads * N);  // [N][kColumnThreads]: neighbouring threads use neighbouring banks
  const int thread = threadIdx.x;
  for (int k = 0; k < N; ++k) sums[k * kColumnThreads + thread] = sum[k];
  for (int half = kColumnThreads / 2; half >= lanes; half /= 2) {
    __syncthreads();
    if (thread >= half) continue;
    for (int k = 0; k < N; ++k) sums[k * kColumnThreads + thread] = sum[k] += sums[k * kColumnThreads + thread + half];
  }
}

/// The second stage: y[b,c] = scale * sum over the slices of partial[b,slice,c].
template <class A, class U> void sum_slices(Gpu, const A* partial, U* y, const RowsShape& partial_shape, double scale);

}  // namespace cudenza::kernels
