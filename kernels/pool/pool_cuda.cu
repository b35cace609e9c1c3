#include "kernels/common/extents.h"
#include "kernels/common/launch.h"
#include "kernels/common/pack.cuh"
#include "kernels/pool/pool_instances.h"
#include "kernels/pool/pool_math.h"
#include "kernels/pool/pool_slices.h"

namespace cudenza::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kTile = 2;  // a thread of the backward pass gathers for kTile * kTile inputs, which share most windows

/// What a thread works at: picture, row, column and first channel.
struct Place {
  int n, i, j, c;
};

/// 32-bit divisions: three of 64 bits would cost more than the window.
template <int N> HOST_DEVICE Place place_of(uint32_t thread, uint32_t rows, uint32_t columns, uint32_t channels) {
  const uint32_t packs = channels / N, pixel = thread / packs, row = pixel / columns, n = row / rows;
  return {static_cast<int>(n), static_cast<int>(row - n * rows), static_cast<int>(pixel - row * columns),
          static_cast<int>((thread - pixel * packs) * N)};
}

/// N neighbouring channels of one window, as far as they have been reduced.
template <class Reduce, class A, int N> struct Running {
  A value[N];
  int winner[N];

  HOST_DEVICE Running() {
    for (int k = 0; k < N; ++k) value[k] = Reduce::template initial<A>(), winner[k] = 0;
  }
  template <class T> HOST_DEVICE void take(const Pack<T, N>& x, int position) {
    for (int k = 0; k < N; ++k) Reduce::take(static_cast<A>(x[k]), position, value[k], winner[k]);
  }
  template <class T, class Winner> HOST_DEVICE void store(A scale, T* y, Winner* won) const {
    Pack<T, N> out;
    for (int k = 0; k < N; ++k) out[k] = static_cast<T>(Reduce::result(value[k], scale));
    store_pack(y, out);
    if constexpr (Reduce::kHasWinner) {
      if (!won) return;
      Pack<Winner, N> out_winner;
      for (int k = 0; k < N; ++k) out_winner[k] = static_cast<Winner>(winner[k]);
      store_pack(won, out_winner);
    }
  }
};

/// Merges what the threads of one threadIdx.x hold, in the order of threadIdx.y, into the thread with y = 0. All threads
/// call it; blockDim.y is a power of two; dynamic shared memory holds shared_bytes<N>().
template <class Reduce, class A, int N> __device__ void merge_lanes(Running<Reduce, A, N>& mine) {
  const int threads = static_cast<int>(blockDim.x * blockDim.y), me = static_cast<int>(threadIdx.y * blockDim.x + threadIdx.x);
  A* values = dynamic_shared<A>();
  int* winners = reinterpret_cast<int*>(values + N * threads);
  for (unsigned step = 1; step < blockDim.y; step *= 2) {
    for (int k = 0; k < N; ++k) {
      values[k * threads + me] = mine.value[k];
      if constexpr (Reduce::kHasWinner) winners[k * threads + me] = mine.winner[k];
    }
    __syncthreads();
    if (threadIdx.y % (2 * step) == 0) {
      const int other = me + static_cast<int>(step * blockDim.x);
      for (int k = 0; k < N; ++k) {
        Reduce::take(values[k * threads + other], Reduce::kHasWinner ? winners[k * threads + other] : 0, mine.value[k],
                     mine.winner[k]);
      }
    }
    __syncthreads();
  }
}

template <int N> constexpr size_t shared_bytes() { return kThreads * N * (sizeof(float) + sizeof(int)); }

// y[n,i,j,c] = reduce over window(i,j) of x[n,p,q,c]. One thread: N channels of one output; neighbouring threads read
// neighbouring channels, and overlapping windows meet in the caches.
template <int N, class Reduce, class T, class Winner, class Side>
__global__ void pool_forward_kernel(const T* x, T* y, Winner* winner, PoolShape<Side> s, uint32_t count) {
  using A = acc_t<T>;
  const uint32_t thread = blockIdx.x * blockDim.x + threadIdx.x;
  if (thread >= count) return;
  const auto [n, i, j, c] = place_of<N>(thread, s.rows.out, s.columns.out, s.channels);
  const Span rows = window(s.rows, i), columns = window(s.columns, j);
  Running<Reduce, A, N> running;
  for (int p = rows.begin; p < rows.end; ++p) {
    const T* pixel = x + pixel_offset(n, p, columns.begin, s.rows.size, s.columns.size, s.channels) + c;
    int position = (p - rows.begin) * longest(s.columns);
    for (int q = columns.begin; q < columns.end; ++q, pixel += s.channels, ++position)
      running.take(load_pack<N>(pixel), position);
  }
  const int64_t out = static_cast<int64_t>(thread) * N;
  running.store(average_scale<A>(s, i, j), y + out, winner ? winner + out : nullptr);
}

// The same for few windows of many pixels. A block reduces one slice of one window: blockDim.x packs of channels, and each
// threadIdx.y a run of the slice's pixels, merged in shared memory in the order of the pixels. With one slice it writes y;
// with more it leaves partial[slice, n,i,j,c] to pool_join_kernel.
template <int N, class Reduce, class T, class Winner, class Side>
__global__ void pool_slice_kernel(const T* x, T* y, Winner* winner, acc_t<T>* partial, int* partial_winner, PoolShape<Side> s,
                                  int slices) {
  using A = acc_t<T>;
  const uint32_t slice = blockIdx.x % slices, windex = blockIdx.x / slices;
  const auto [n, i, j, none] = place_of<1>(windex, s.rows.out, s.columns.out, 1);
  const int c = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x) * N;
  const Span rows = window(s.rows, i), columns = window(s.columns, j);
  const int64_t pixels = static_cast<int64_t>(rows.length()) * columns.length(), runs = static_cast<int64_t>(slices) * blockDim.y;
  const int64_t run = static_cast<int64_t>(slice) * blockDim.y + threadIdx.y;
  const int begin = static_cast<int>(pixels * run / runs),
            end = c < s.channels ? static_cast<int>(pixels * (run + 1) / runs) : begin;
  Running<Reduce, A, N> running;
  int p = begin / columns.length(), q = begin % columns.length();
  for (int k = begin; k < end; ++k) {
    const int64_t pixel = pixel_offset(n, rows.begin + p, columns.begin + q, s.rows.size, s.columns.size, s.channels);
    running.take(load_pack<N>(x + pixel + c), p * longest(s.columns) + q);
    if (++q == columns.length()) q = 0, ++p;
  }
  merge_lanes(running);
  if (threadIdx.y != 0 || c >= s.channels) return;
  const int64_t out = static_cast<int64_t>(windex) * s.channels + c;
  if (slices == 1) return running.store(average_scale<A>(s, i, j), y + out, winner ? winner + out : nullptr);
  const int64_t part = static_cast<int64_t>(slice) * (gridDim.x / slices) * s.channels + out;
  for (int k = 0; k < N; ++k) {
    partial[part + k] = running.value[k];
    if constexpr (Reduce::kHasWinner) partial_winner[part + k] = running.winner[k];
  }
}

// y[n,i,j,c] = merge over the slices of partial[slice, n,i,j,c]. A block: blockDim.x neighbouring outputs; each threadIdx.y
// a run of the slices.
template <class Reduce, class T, class Winner, class Side>
__global__ void pool_join_kernel(const acc_t<T>* partial, const int* partial_winner, T* y, Winner* winner, PoolShape<Side> s,
                                 uint32_t outputs, int slices) {
  using A = acc_t<T>;
  const uint32_t out = blockIdx.x * blockDim.x + threadIdx.x;
  const int lanes = static_cast<int>(blockDim.y), lane = static_cast<int>(threadIdx.y);
  const int begin = slices * lane / lanes, end = out < outputs ? slices * (lane + 1) / lanes : begin;
  Running<Reduce, A, 1> running;
  for (int slice = begin; slice < end; ++slice) {
    const int64_t part = static_cast<int64_t>(slice) * outputs + out;
    Reduce::take(partial[part], Reduce::kHasWinner ? partial_winner[part] : 0, running.value[0], running.winner[0]);
  }
  merge_lanes(running);
  if (lane != 0 || out >= outputs) return;
  const auto [n, i, j, c] = place_of<1>(out, s.rows.out, s.columns.out, s.channels);
  running.store(average_scale<A>(s, i, j), y + out, winner ? winner + out : nullptr);
}

// dx[n,p,q,c] = sum of what the windows over (p,q) pass back. One thread: N channels of a 2x2 tile of inputs; it reads each
// window that covers any of them once (one, for 2x2 windows two apart; four instead of nine, for 3x3 ones).
template <int N, class Grad, class T, class Winner, class Side>
__global__ void pool_backward_kernel(const T* dy, const Winner* winner, T* dx, PoolShape<Side> s, uint32_t count) {
  using A = acc_t<T>;
  const uint32_t thread = blockIdx.x * blockDim.x + threadIdx.x;
  if (thread >= count) return;
  const auto [n, tile_i, tile_j, c] =
      place_of<N>(thread, ceil_div(s.rows.size, kTile), ceil_div(s.columns.size, kTile), s.channels);
  const int p = tile_i * kTile, q = tile_j * kTile;
  const Span rows{covering(s.rows, p).begin, covering(s.rows, smaller(p + kTile, s.rows.size) - 1).end};
  const Span columns{covering(s.columns, q).begin, covering(s.columns, smaller(q + kTile, s.columns.size) - 1).end};
  A sum[kTile][kTile][N] = {};
  for (int i = rows.begin; i < rows.end; ++i) {
    const Span window_rows = window(s.rows, i);
    for (int j = columns.begin; j < columns.end; ++j) {
      const Span window_columns = window(s.columns, j);
      const int64_t out = pixel_offset(n, i, j, s.rows.out, s.columns.out, s.channels) + c;
      const auto gradient = load_pack<N>(dy + out);
      Pack<Winner, N> won{};
      if constexpr (Grad::kHasWinner) won = load_pack<N>(winner + out);
      const A scale = Grad::kHasWinner ? A(1) : average_scale<A>(s, i, j);
#pragma unroll
      for (int a = 0; a < kTile; ++a) {
#pragma unroll
        for (int b = 0; b < kTile; ++b) {
          if (!window_rows.holds(p + a) || !window_columns.holds(q + b)) continue;
          const int position = (p + a - window_rows.begin) * longest(s.columns) + q + b - window_columns.begin;
          for (int k = 0; k < N; ++k)
            sum[a][b][k] += Grad::of(static_cast<A>(gradient[k]), static_cast<int>(won[k]), position, scale);
        }
      }
    }
  }
#pragma unroll
  for (int a = 0; a < kTile; ++a) {
#pragma unroll
    for (int b = 0; b < kTile; ++b) {
      if (p + a >= s.rows.size || q + b >= s.columns.size) continue;
      Pack<T, N> out;
      for (int k = 0; k < N; ++k) out[k] = static_cast<T>(sum[a][b][k]);
      store_pack(dx + pixel_offset(n, p + a, q + b, s.rows.size, s.columns.size, s.channels) + c, out);
    }
  }
}

dim3 blocks_for(int64_t threads) { return dim3(static_cast<unsigned>(ceil_div<int64_t>(threads, kThreads))); }

template <int N, class Reduce, class T, class Winner, class Side>
void forward_sliced(Gpu gpu, const T* x, T* y, Winner* winner, void* workspace, const PoolShape<Side>& s, int slices) {
  const int64_t windows = static_cast<int64_t>(s.batch) * s.rows.out * s.columns.out, outputs = windows * s.channels;
  unsigned width = 1;
  while (width < 32 && width * N < static_cast<unsigned>(s.channels)) width *= 2;
  const dim3 grid(static_cast<unsigned>(windows * slices), ceil_div<unsigned>(s.channels, width * N));
  acc_t<T>* partial = static_cast<acc_t<T>*>(workspace);
  int* partial_winner = workspace ? reinterpret_cast<int*>(partial + slices * outputs) : nullptr;
  launch<pool_slice_kernel<N, Reduce, T, Winner, Side>>(grid, dim3(width, kThreads / width), shared_bytes<N>(), gpu, x, y, winner,
                                                        partial, partial_winner, s, slices);
  if (slices == 1) return;
  launch<pool_join_kernel<Reduce, T, Winner, Side>>(dim3(static_cast<unsigned>(ceil_div<int64_t>(outputs, 32))),
                                                    dim3(32, kThreads / 32), shared_bytes<1>(), gpu, partial, partial_winner, y,
                                                    winner, s, static_cast<uint32_t>(outputs), slices);
}

template <int N, class Reduce, class T, class Winner, class Side>
void forward_packed(Gpu gpu, const T* x, T* y, Winner* winner, void* workspace, const PoolShape<Side>& s) {
  const int64_t threads = static_cast<int64_t>(s.batch) * s.rows.out * s.columns.out * (s.channels / N);
  if (threads == 0) return;
  if (const int slices = pool_slices(s)) return forward_sliced<N, Reduce>(gpu, x, y, winner, workspace, s, slices);
  launch<pool_forward_kernel<N, Reduce, T, Winner, Side>>(blocks_for(threads), dim3(kThreads), 0, gpu, x, y, winner, s,
                                                          static_cast<uint32_t>(threads));
}

template <class Reduce, class T, class Winner, class Side>
void forward(Gpu gpu, const T* x, T* y, Winner* winner, void* workspace, const PoolShape<Side>& s) {
  constexpr int N = kPackSize<T>;
  const bool packed = s.channels % N == 0 && is_pack_aligned(x) && is_pack_aligned(y) && is_pack_aligned(winner);
  if (packed) forward_packed<N, Reduce>(gpu, x, y, winner, workspace, s);
  else forward_packed<1, Reduce>(gpu, x, y, winner, workspace, s);
}

template <int N, class Grad, class T, class Winner, class Side>
void backward_packed(Gpu gpu, const T* dy, const Winner* winner, T* dx, const PoolShape<Side>& s) {
  const int64_t tiles = static_cast<int64_t>(s.batch) * ceil_div(s.rows.size, kTile) * ceil_div(s.columns.size, kTile),
                threads = tiles * (s.channels / N);
  if (threads == 0) return;
  launch<pool_backward_kernel<N, Grad, T, Winner, Side>>(blocks_for(threads), dim3(kThreads), 0, gpu, dy, winner, dx, s,
                                                         static_cast<uint32_t>(threads));
}

template <class Grad, class T, class Winner, class Side>
void backward(Gpu gpu, const T* dy, const Winner* winner, T* dx, const PoolShape<Side>& s) {
  constexpr int N = kPackSize<T>;
  const bool packed = s.channels % N == 0 && is_pack_aligned(dy) && is_pack_aligned(winner) && is_pack_aligned(dx);
  if (packed) backward_packed<N, Grad>(gpu, dy, winner, dx, s);
  else backward_packed<1, Grad>(gpu, dy, winner, dx, s);
}

}  // namespace

template <class T, class Winner, class Side>
void max_pool_forward(Gpu gpu, const T* x, T* y, Winner* winner, const PoolShape<Side>& s, void* workspace) {
  forward<MaxReduce>(gpu, x, y, winner, workspace, s);
}

template <class T, class Side> void avg_pool_forward(Gpu gpu, const T* x, T* y, const PoolShape<Side>& s, void* workspace) {
  forward<AvgReduce>(gpu, x, y, static_cast<uint8_t*>(nullptr), workspace, s);
}

template <class T, class Winner, class Side>
void max_pool_backward(Gpu gpu, const T* dy, const Winner* winner, T* dx, const PoolShape<Side>& s) {
  backward<MaxGrad>(gpu, dy, winner, dx, s);
}

template <class T, class Side> void avg_pool_backward(Gpu gpu, const T* dy, T* dx, const PoolShape<Side>& s) {
  backward<AvgGrad>(gpu, dy, static_cast<const uint8_t*>(nullptr), dx, s);
}

template <class Side> size_t pool_workspace_bytes(const PoolShape<Side>& s) {
  const int slices = pool_slices(s);
  const int64_t outputs = static_cast<int64_t>(s.batch) * s.rows.out * s.columns.out * s.channels;
  return slices <= 1 ? 0 : static_cast<size_t>(slices * outputs) * (sizeof(float) + sizeof(int));
}
template size_t pool_workspace_bytes(const PoolShape<StridedSide>&);
template size_t pool_workspace_bytes(const PoolShape<AdaptiveSide>&);

CUDENZA_POOL(Gpu, float, void*)
CUDENZA_POOL(Gpu, bf16, void*)
CUDENZA_POOL(Gpu, f16, void*)

}  // namespace cudenza::kernels
