#include "kernels/channel_scale/channel_scale_instances.h"
#include "kernels/reduce/columns.cuh"

namespace cudenza::kernels {
namespace {

template <int N, class T, class S> __device__ Pack<T, N> scaled(const Pack<T, N>& x, const Pack<S, N>& s) {
  using A = acc_t<T>;
  Pack<T, N> y;
  for (int k = 0; k < N; ++k) y[k] = static_cast<T>(static_cast<A>(x[k]) * static_cast<A>(s[k]));
  return y;
}

// y[n,p,c] = x[n,p,c] s[n,c]. Threads stand as kernels/reduce/columns.cuh says: each loads its N factors once.
template <int N, class T> __global__ void channel_scale_forward_kernel(const T* x, const T* s, T* y, Columns columns) {
  const ColumnPart part = column_part<N>(columns);
  if (!part.has_channels) return;
  const auto factor = load_pack<N>(s + part.item * columns.channels + part.channel);
  const int64_t origin = part.item * columns.rows * columns.channels + part.channel;
  for (int64_t r = part.row; r < part.end; r += part.step) {
    const int64_t i = origin + r * columns.channels;
    store_pack(y + i, scaled(load_pack<N>(x + i), factor));
  }
}

// dx[n,p,c] = dy[n,p,c] s[n,c] and partial[n,slice,c] = sum over the slice's p of dy[n,p,c] x[n,p,c]. The same columns: dy is
// read once for both.
template <int N, class T, class S, class U>
__global__ void channel_scale_backward_kernel(const T* dy, const T* x, const S* s, T* dx, U* partial, Columns columns) {
  using A = acc_t<T>;
  const ColumnPart part = column_part<N>(columns);
  const int64_t origin = part.item * columns.rows * columns.channels + part.channel;
  Pack<S, N> factor{};
  if (part.has_channels) factor = load_pack<N>(s + part.item * columns.channels + part.channel);
  Pack<A, N> sum{};
  for (int64_t r = part.row; r < part.end; r += part.step) {
    const int64_t i = origin + r * columns.channels;
    const auto gradient = load_pack<N>(dy + i), value = load_pack<N>(x + i);
    store_pack(dx + i, scaled(gradient, factor));
    for (int k = 0; k < N; ++k) sum[k] += static_cast<A>(gradient[k]) * static_cast<A>(value[k]);
  }
  sum_over_height(sum, columns.lanes);
  if (threadIdx.x >= static_cast<unsigned>(columns.lanes) || !part.has_channels) return;
  Pack<U, N> out;
  for (int k = 0; k < N; ++k) out[k] = static_cast<U>(sum[k]);
  store_pack(partial + (part.item * columns.slices + part.slice) * columns.channels + part.channel, out);
}

template <int N, class T, class U>
void launch_backward(Gpu gpu, const T* dy, const T* x, const U* s, T* dx, U* ds, const RowsShape& shape, void* workspace) {
  const Columns columns = columns_of(shape, N, kSumBlocks);
  if (columns.blocks == 0) return;
  const dim3 grid(columns.blocks), block(kColumnThreads);
  if (columns.slices == 1) {
    launch<channel_scale_backward_kernel<N, T, U, U>>(grid, block, 0, gpu, dy, x, s, dx, ds, columns);
  } else {
    acc_t<T>* partial = static_cast<acc_t<T>*>(workspace);
    launch<channel_scale_backward_kernel<N, T, U, acc_t<T>>>(grid, block, 0, gpu, dy, x, s, dx, partial, columns);
    sum_slices(gpu, partial, ds, {shape.batch, columns.slices, shape.channels}, 1);
  }
}

}  // namespace

template <class T> void channel_scale_forward(Gpu gpu, const T* x, const T* s, T* y, const RowsShape& shape) {
  constexpr int N = kPackSize<T>;
  const bool packs = takes_packs(N, shape.channels, x, s, y);
  const Columns columns = columns_of(shape, packs ? N : 1, kStreamBlocks);
  if (columns.blocks == 0) return;
  const dim3 grid(columns.blocks), block(kColumnThreads);
  if (packs) launch<channel_scale_forward_kernel<N, T>>(grid, block, 0, gpu, x, s, y, columns);
  else launch<channel_scale_forward_kernel<1, T>>(grid, block, 0, gpu, x, s, y, columns);
}

size_t channel_scale_workspace_bytes(Gpu gpu, const RowsShape& shape) { return sum_rows_workspace_bytes(gpu, shape); }

template <class T, class U>
void channel_scale_backward(Gpu gpu, const T* dy, const T* x, const U* s, T* dx, U* ds, const RowsShape& shape, void* workspace) {
  constexpr int N = kPackSize<T>;
  if constexpr (std::is_same_v<T, U>) {
    if (!ds) return dx ? channel_scale_forward(gpu, dy, s, dx, shape) : void();
    if (!dx) return sum_rows_of_products(gpu, dy, x, ds, shape, 1, workspace);
  }
  if (takes_packs(N, shape.channels, dy, x, s, dx, ds)) launch_backward<N>(gpu, dy, x, s, dx, ds, shape, workspace);
  else launch_backward<1>(gpu, dy, x, s, dx, ds, shape, workspace);
}

CUDENZA_CHANNEL_SCALE(Gpu)

}  // namespace cudenza::kernels
