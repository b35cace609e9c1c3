/// The reductions over rows, in two stages: blocks leave partial results of their rows in the workspace, then one block for
/// every few channels merges those in order. No atomics: results repeat bit for bit.
///
/// The first stage walks from the last rows to the first: the end of x (or dy), just written by the op before, is still in
/// the L2 cache then, and so is its beginning when the apply pass starts there.
#include "kernels/batch_norm/batch_norm_instances.h"
#include "kernels/batch_norm/batch_norm_tile.cuh"

namespace cudenza::kernels {
namespace {

constexpr int kMergeThreads = 512, kMergeChannels = 8;  // 64 threads share a channel's partial results

/// At most so many parts are the rows reduced in, for as many blocks to fill the largest cards (132 multiprocessors, 4 each)
/// and a workspace that is small beside x. Tiles of 256 channels count as blocks of their own.
constexpr int64_t kReduceBlocks = 528;

/// The workspace of the first stage: states [blocks, channels] and how many rows each block has seen.
template <class State, class A> struct Partials {
  State* states;
  A* counts;

  __device__ Partials(A* workspace, int64_t blocks, int64_t channels)
      : states(reinterpret_cast<State*>(workspace)), counts(workspace + 2 * blocks * channels) {}
};

template <class State> __device__ inline State shuffled(State state, int lanes) {
  const auto [a, b] = state;
  return {__shfl_xor_sync(kAllLanes, a, lanes), __shfl_xor_sync(kAllLanes, b, lanes)};
}

/// Merges the states of all threads at the same channels, lane by lane and then warp by warp. Thread t < lanes * N gets that
/// of channel t of the tile, and all of them the count of rows. All threads must call it, once in a kernel.
template <int N, int kWarps, class State, class A> __device__ inline State merge_block(State (&states)[N], A& count, int lanes) {
  constexpr int kPitch = N + 1;  // a gap after each thread's states keeps the threads on different banks
  SHARED_ARRAY(State, of_warp, kWarps * kWarpSize * kPitch);
  SHARED_ARRAY(A, count_of_warp, kWarps);
  for (int step = lanes; step < kWarpSize; step *= 2) {
    const A other = __shfl_xor_sync(kAllLanes, count, step);
    for (int c = 0; c < N; ++c) states[c] = merged(states[c], count, shuffled(states[c], step), other);
    count += other;
  }
  const int lane = threadIdx.x % kWarpSize, warp = threadIdx.x / kWarpSize, t = threadIdx.x;
  if (lane < lanes) {
    for (int c = 0; c < N; ++c) of_warp[(warp * kWarpSize + lane) * kPitch + c] = states[c];
  }
  if (lane == 0) count_of_warp[warp] = count;
  __syncthreads();
  State total{};
  count = 0;
  for (int w = 0; w < kWarps; ++w) {
    if (t < lanes * N) total = merged(total, count, of_warp[(w * kWarpSize + t / N) * kPitch + t % N], count_of_warp[w]);
    count += count_of_warp[w];
  }
  return total;
}

/// Leaves the block's result over its rows for the second stage.
template <int N, class State, class A>
__device__ inline void store_partial(State (&states)[N], A count, const BatchNormShape& shape, const Tiling& tiling,
                                     A* workspace) {
  const State total = merge_block<N, kThreads / kWarpSize>(states, count, tiling.lanes);
  const int64_t block = blockIdx.x / tiling.tiles, tile = blockIdx.x % tiling.tiles;
  const int64_t channel = tile * tiling.lanes * N + threadIdx.x;
  const Partials<State, A> partials(workspace, tiling.blocks, shape.channels);
  if (static_cast<int>(threadIdx.x) < tiling.lanes * N && channel < shape.channels)
    partials.states[block * shape.channels + channel] = total;
  if (threadIdx.x == 0 && tile == 0) partials.counts[block] = count;
}

/// The second stage: threads t < kMergeChannels get the result of channel blockIdx.x * kMergeChannels + t over all rows.
template <class State, class A> __device__ inline State merge_partials(A* workspace, int64_t blocks, int64_t channels) {
  const Partials<State, A> partials(workspace, blocks, channels);
  const int64_t channel = smaller<int64_t>(blockIdx.x * kMergeChannels + threadIdx.x % kMergeChannels, channels - 1);
  State state[1] = {};
  A count = 0;
#pragma unroll 4
  for (int64_t b = threadIdx.x / kMergeChannels; b < blocks; b += kMergeThreads / kMergeChannels) {
    const A here = partials.counts[b];
    state[0] = merged(state[0], count, partials.states[b * channels + channel], here);
    count += here;
  }
  return merge_block<1, kMergeThreads / kWarpSize>(state, count, kMergeChannels);
}

/// Merges kRows rows of N channels, `stride` elements apart, into the moments of `count` rows before. They are passed over
/// twice, in registers: for their mean, then for their deviations from it.
template <int kRows, int N, class T, class A>
__device__ inline void absorb(const T* x, int64_t stride, const Pack<T, N>& shift, Moments<A> (&moments)[N], A& count) {
  Pack<T, N> rows[kRows];
  for (int k = 0; k < kRows; ++k) rows[k] = load_pack<N>(x + k * stride);
  for (int c = 0; c < N; ++c) {
    A shifted[kRows];
    Moments<A> here{0, 0};
    for (int k = 0; k < kRows; ++k) {
      shifted[k] = static_cast<A>(rows[k][c]) - static_cast<A>(shift[c]);
      here.mean += shifted[k] * (A(1) / kRows);
    }
    for (int k = 0; k < kRows; ++k) {
      const A deviation = shifted[k] - here.mean;
      here.m2 += deviation * deviation;
    }
    moments[c] = merged(moments[c], count, here, A(kRows));
  }
  count += A(kRows);
}

// Moments of the block's rows, for each channel of its tile; tiles as in batch_norm_tile.cuh. They are those of x less x's
// first row, so that means are small numbers, with all their digits, where the mean of x is large beside its deviations.
template <int N, class T>
__global__ void __launch_bounds__(kThreads)
    statistics_kernel(const T* x, BatchNormShape shape, Tiling tiling, acc_t<T>* workspace) {
  const Place<N> at(shape, tiling);
  const int64_t stride = at.row_lanes * shape.channels;
  const auto shift = load_pack<N>(x + at.channel);
  Moments<acc_t<T>> moments[N] = {};
  acc_t<T> count = 0;
  for (int64_t block_group = at.block; block_group < tiling.groups; block_group += tiling.blocks) {
    const int64_t group = tiling.groups - 1 - block_group;
    const T* here = x + at.first_row(group) * shape.channels + at.channel;
    if (at.is_whole(group, shape)) {
      absorb<kRowsAtOnce>(here, stride, shift, moments, count);
    } else {
      for (int64_t row = at.first_row(group); row < shape.rows; row += at.row_lanes, here += stride)
        absorb<1>(here, stride, shift, moments, count);
    }
  }
  store_partial(moments, count, shape, tiling, workspace);
}

// mean, inv_std and running statistics from the blocks' moments of x less its first row. One block for kMergeChannels channels.
template <class T, class A = acc_t<T>>
__global__ void __launch_bounds__(kMergeThreads)
    merge_statistics_kernel(const T* x, A* workspace, int64_t blocks, BatchNormShape shape, double eps, A* mean, A* inv_std,
                            RunningStatistics<A> running) {
  auto moments = merge_partials<Moments<A>>(workspace, blocks, shape.channels);
  const int64_t channel = static_cast<int64_t>(blockIdx.x) * kMergeChannels + threadIdx.x;
  if (threadIdx.x >= kMergeChannels || channel >= shape.channels) return;
  moments.mean += static_cast<A>(x[channel]);
  finalize_channel(channel, moments, shape.rows, eps, mean, inv_std, running);
}

// The same from the sums of x and x². One thread a channel.
template <class A>
__global__ void finalize_kernel(const A* sum, const A* sum_of_squares, BatchNormShape shape, double eps, A* mean, A* inv_std,
                                RunningStatistics<A> running) {
  const int64_t c = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (c >= shape.channels) return;
  finalize_channel(c, moments_of_sums(sum[c], sum_of_squares[c], shape.rows), shape.rows, eps, mean, inv_std, running);
}

template <class T> struct Backward {
  BatchNormUpstream<T> up;
  const T* x;
  BatchNormShape shape;
  const acc_t<T>* mean;
};

/// Adds kRows rows of a thread, the first of them `row`. kTwo: the gradient is a sum of two, whose dz is kept.
template <bool kTwo, int kRows, int N, class T, class A>
__device__ inline void add_rows(const Backward<T>& b, const Place<N>& at, const Pack<A, N>& mean, int64_t row,
                                GradientSums<A> (&sums)[N]) {
  const int64_t start = row * b.shape.channels + at.channel, stride = at.row_lanes * b.shape.channels;
  Pack<T, N> dy[kRows], x[kRows], more[kRows];
  uint32_t words[kRows];
  for (int k = 0; k < kRows; ++k) dy[k] = load_pack<N>(b.up.dy + start + k * stride);
  if constexpr (kTwo) {
    for (int k = 0; k < kRows; ++k) more[k] = load_pack<N>(b.up.more + start + k * stride);
  }
  for (int k = 0; k < kRows; ++k) x[k] = load_pack<N>(b.x + start + k * stride);
  for (int k = 0; k < kRows; ++k)
    words[k] = b.up.mask ? b.up.mask[(row + k * at.row_lanes) * b.shape.mask_words_per_row() + at.channel / 32] : ~0u;
  for (int k = 0; k < kRows; ++k) {
    const uint32_t bits = words[k] >> at.channel % 32;
    if constexpr (kTwo) {
      for (int c = 0; c < N; ++c) {
        const T sum = static_cast<T>(static_cast<A>(dy[k][c]) + static_cast<A>(more[k][c]));
        dy[k][c] = bits >> c & 1u ? sum : static_cast<T>(0.0f);
      }
      store_pack(b.up.dz + start + k * stride, dy[k]);
    }
    for (int c = 0; c < N; ++c) {
      const A dz = bits >> c & 1u ? static_cast<A>(dy[k][c]) : A(0);
      sums[c].dz += dz;
      sums[c].dz_x += dz * (static_cast<A>(x[k][c]) - mean[c]);
    }
  }
}

// Sums of dz and dz (x - mean) over the block's rows, for each channel of its tile. Threads past the last channel add nothing:
// they have none of their own, and dz may stand where dy did.
template <bool kTwo, int N, class T>
__global__ void __launch_bounds__(kThreads) backward_reduce_kernel(Backward<T> b, Tiling tiling, acc_t<T>* workspace) {
  using A = acc_t<T>;
  const Place<N> at(b.shape, tiling);
  const auto mean = load_channels<N>(b.mean + at.channel);
  GradientSums<A> sums[N] = {};
  for (int64_t block_group = at.block; at.inside && block_group < tiling.groups; block_group += tiling.blocks) {
    const int64_t group = tiling.groups - 1 - block_group;
    if (at.is_whole(group, b.shape)) {
      add_rows<kTwo, kRowsAtOnce>(b, at, mean, at.first_row(group), sums);
    } else {
      for (int64_t row = at.first_row(group); row < b.shape.rows; row += at.row_lanes) add_rows<kTwo, 1>(b, at, mean, row, sums);
    }
  }
  store_partial(sums, A(0), b.shape, tiling, workspace);
}

// dbeta and dgamma from the blocks' sums. One block for kMergeChannels channels.
template <class A>
__global__ void __launch_bounds__(kMergeThreads)
    merge_gradients_kernel(A* workspace, int64_t blocks, int64_t channels, const A* inv_std, A* dgamma, A* dbeta) {
  const auto sums = merge_partials<GradientSums<A>>(workspace, blocks, channels);
  const int64_t channel = static_cast<int64_t>(blockIdx.x) * kMergeChannels + threadIdx.x;
  if (threadIdx.x >= kMergeChannels || channel >= channels) return;
  dbeta[channel] = sums.dz;
  dgamma[channel] = sums.dz_x * inv_std[channel];
}

/// Enough blocks for the card, with two groups each at least where there are as many.
template <int N> Tiling reduce_tiling(const BatchNormShape& shape) {
  Tiling tiling = tiling_of<N>(shape);
  tiling.blocks = larger<int64_t>(smaller(kReduceBlocks / tiling.tiles, ceil_div<int64_t>(tiling.groups, 2)), 1);
  return tiling;
}

dim3 merge_grid(int64_t channels) { return dim3(static_cast<unsigned>(ceil_div<int64_t>(channels, kMergeChannels))); }

template <int N, class T> int64_t launch_statistics(Gpu gpu, const T* x, const BatchNormShape& shape, acc_t<T>* workspace) {
  const Tiling tiling = reduce_tiling<N>(shape);
  launch<statistics_kernel<N, T>>(tiling.grid(), dim3(kThreads), 0, gpu, x, shape, tiling, workspace);
  return tiling.blocks;
}

template <int N, class T> int64_t launch_backward_reduce(Gpu gpu, const Backward<T>& b, acc_t<T>* workspace) {
  const Tiling tiling = reduce_tiling<N>(b.shape);
  if (b.up.more) launch<backward_reduce_kernel<true, N, T>>(tiling.grid(), dim3(kThreads), 0, gpu, b, tiling, workspace);
  else launch<backward_reduce_kernel<false, N, T>>(tiling.grid(), dim3(kThreads), 0, gpu, b, tiling, workspace);
  return tiling.blocks;
}

}  // namespace

int64_t batch_norm_workspace(Gpu, const BatchNormShape& shape) {
  const int64_t tiles = ceil_div<int64_t>(shape.channels, 256);
  return larger<int64_t>(smaller(kReduceBlocks / tiles, shape.rows), 1) * (2 * shape.channels + 1);
}

template <class T>
void batch_norm_statistics(Gpu gpu, const T* x, const BatchNormShape& shape, double eps, acc_t<T>* mean, acc_t<T>* inv_std,
                           const RunningStatistics<acc_t<T>>& running, acc_t<T>* workspace) {
  constexpr int N = kPackSize<T>;
  const int64_t blocks = may_use_packs(shape, N, x) ? launch_statistics<N>(gpu, x, shape, workspace)
                                                    : launch_statistics<1>(gpu, x, shape, workspace);
  launch<merge_statistics_kernel<T>>(merge_grid(shape.channels), dim3(kMergeThreads), 0, gpu, x, workspace, blocks, shape, eps,
                                     mean, inv_std, running);
}

template <class A>
void batch_norm_finalize(Gpu gpu, const A* sum, const A* sum_of_squares, const BatchNormShape& shape, double eps, A* mean,
                         A* inv_std, const RunningStatistics<A>& running) {
  const dim3 blocks(static_cast<unsigned>(ceil_div<int64_t>(shape.channels, kThreads)));
  launch<finalize_kernel<A>>(blocks, dim3(kThreads), 0, gpu, sum, sum_of_squares, shape, eps, mean, inv_std, running);
}

template <class T>
void batch_norm_backward_reduce(Gpu gpu, const BatchNormUpstream<T>& up, const T* x, const BatchNormShape& shape,
                                const BatchNormChannels<acc_t<T>>& channels, acc_t<T>* dgamma, acc_t<T>* dbeta,
                                acc_t<T>* workspace) {
  constexpr int N = kPackSize<T>;
  const Backward<T> b{up, x, shape, channels.mean};
  const int64_t blocks = may_use_packs(shape, N, up.dy, up.more, up.dz, x) ? launch_backward_reduce<N>(gpu, b, workspace)
                                                                           : launch_backward_reduce<1>(gpu, b, workspace);
  launch<merge_gradients_kernel<acc_t<T>>>(merge_grid(shape.channels), dim3(kMergeThreads), 0, gpu, workspace, blocks,
                                           shape.channels, channels.inv_std, dgamma, dbeta);
}

CUDENZA_BATCH_NORM_REDUCE(Gpu, float)
CUDENZA_BATCH_NORM_REDUCE(Gpu, bf16)
CUDENZA_BATCH_NORM_REDUCE(Gpu, f16)
template void batch_norm_finalize(Gpu, const float*, const float*, const BatchNormShape&, double, float*, float*,
                                  const RunningStatistics<float>&);

}  // namespace cudenza::kernels
