#include "kernels/common/extents.h"
#include "kernels/common/launch.h"
#include "kernels/common/pack.cuh"
#include "kernels/pointwise/pointwise_instances.h"

namespace cudenza::kernels {
namespace {

constexpr int kThreads = 256;

/// Whether an op looks at its argument.
template <class Op> constexpr bool reads() {
  if constexpr (requires { Op::kReads; }) return Op::kReads;
  else return true;
}

// y[i] = op(x[i]). One thread a pack of N neighbouring elements: one wide load, one wide store. The last may be short.
template <int N, class Op, class T, class U> __global__ void map_kernel(Op op, const T* x, U* y, int64_t count) {
  const int64_t first = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * N;
  if (first + N <= count) {
    Pack<T, N> in{};
    if constexpr (reads<Op>()) in = load_pack<N>(x + first);
    Pack<U, N> out;
    for (int k = 0; k < N; ++k) out[k] = static_cast<U>(op(static_cast<acc_t<T>>(in[k])));
    store_pack(y + first, out);
  } else {
    for (int64_t i = first; i < count; ++i) {
      if constexpr (reads<Op>()) y[i] = static_cast<U>(op(static_cast<acc_t<T>>(x[i])));
      else y[i] = static_cast<U>(op(acc_t<T>{}));
    }
  }
}

// y[i] = op(a[i], b[i]). The same mapping.
template <int N, class Op, class T> __global__ void map2_kernel(Op op, const T* a, const T* b, T* y, int64_t count) {
  using A = acc_t<T>;
  const int64_t first = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * N;
  if (first + N <= count) {
    const auto left = load_pack<N>(a + first), right = load_pack<N>(b + first);
    Pack<T, N> out;
    for (int k = 0; k < N; ++k) out[k] = static_cast<T>(op(static_cast<A>(left[k]), static_cast<A>(right[k])));
    store_pack(y + first, out);
  } else {
    for (int64_t i = first; i < count; ++i) y[i] = static_cast<T>(op(static_cast<A>(a[i]), static_cast<A>(b[i])));
  }
}

// y[r,c] = op(x[r,c], b[c]). One thread a pack of N neighbouring channels; channels % N == 0, so no pack crosses a row.
// b is small and stays in the cache.
template <int N, class Op, class T>
__global__ void map_channels_kernel(Op op, const T* x, const acc_t<T>* b, T* y, int64_t count, int64_t channels) {
  const int64_t first = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * N;
  if (first >= count) return;
  const auto in = load_pack<N>(x + first);
  const auto channel = load_channels<N>(b + first % channels);
  Pack<T, N> out;
  for (int k = 0; k < N; ++k) out[k] = static_cast<T>(op(static_cast<acc_t<T>>(in[k]), channel[k]));
  store_pack(y + first, out);
}

dim3 blocks_for(int64_t threads) { return dim3(static_cast<unsigned>(ceil_div<int64_t>(threads, kThreads))); }

template <class... Pointers> bool all_aligned(const Pointers*... pointers) { return (is_pack_aligned(pointers) && ...); }

}  // namespace

template <class Op, class T, class U> void map(Gpu gpu, Op op, const T* x, U* y, int64_t count) {
  constexpr int N = smaller(kPackSize<T>, kPackSize<U>);
  if (count == 0) return;
  if (all_aligned(x, y))
    launch<map_kernel<N, Op, T, U>>(blocks_for(ceil_div<int64_t>(count, N)), dim3(kThreads), 0, gpu, op, x, y, count);
  else launch<map_kernel<1, Op, T, U>>(blocks_for(count), dim3(kThreads), 0, gpu, op, x, y, count);
}

template <class Op, class T> void map2(Gpu gpu, Op op, const T* a, const T* b, T* y, int64_t count) {
  constexpr int N = kPackSize<T>;
  if (count == 0) return;
  if (all_aligned(a, b, y))
    launch<map2_kernel<N, Op, T>>(blocks_for(ceil_div<int64_t>(count, N)), dim3(kThreads), 0, gpu, op, a, b, y, count);
  else launch<map2_kernel<1, Op, T>>(blocks_for(count), dim3(kThreads), 0, gpu, op, a, b, y, count);
}

template <class Op, class T>
void map_channels(Gpu gpu, Op op, const T* x, const acc_t<T>* b, T* y, int64_t rows, int64_t channels) {
  constexpr int N = kPackSize<T>;
  const int64_t count = rows * channels;
  if (count == 0) return;
  if (channels % N == 0 && all_aligned(x, y)) {
    launch<map_channels_kernel<N, Op, T>>(blocks_for(count / N), dim3(kThreads), 0, gpu, op, x, b, y, count, channels);
  } else {
    launch<map_channels_kernel<1, Op, T>>(blocks_for(count), dim3(kThreads), 0, gpu, op, x, b, y, count, channels);
  }
}

CUDENZA_POINTWISE_OF(Gpu, float)
CUDENZA_POINTWISE_OF(Gpu, bf16)
CUDENZA_POINTWISE_OF(Gpu, f16)
CUDENZA_CASTS(Gpu)

}  // namespace cudenza::kernels
