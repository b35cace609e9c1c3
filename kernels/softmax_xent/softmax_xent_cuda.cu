#include "kernels/common/pack.cuh"
#include "kernels/common/reduce.cuh"
#include "kernels/softmax_xent/softmax_xent_instances.h"

namespace cudenza::kernels {
namespace {

constexpr int kThreads = 128;

/// The threads that share a row, which all kernels here are written for: a warp (four rows a block), or for longer rows the
/// whole block. Every thread takes each size()-th pack of the row.
template <bool kWholeBlock> struct Team {
  static constexpr int kSize = kWholeBlock ? kThreads : kWarpSize;

  __device__ static int64_t row() {
    const int64_t block = blockIdx.x;
    return kWholeBlock ? block : block * (kThreads / kWarpSize) + threadIdx.x / kWarpSize;
  }
  __device__ static int rank() { return threadIdx.x % kSize; }
  template <class A, class Op> __device__ static A reduce(A value, Op op, A neutral) {
    if constexpr (kWholeBlock) return block_reduce(value, op, neutral);
    else return warp_reduce(value, op);
  }
};

/// The targets of N neighbouring classes.
template <int N, class A> __device__ inline Pack<A, N> targets_at(const LabelRow<A>& row, int c) {
  Pack<A, N> t;
  for (int k = 0; k < N; ++k) t[k] = row(c + k);
  return t;
}
template <int N, class A> __device__ inline Pack<A, N> targets_at(const SoftRow<A>& row, int c) {
  Pack<A, N> t = load_pack<N>(row.targets + c);
  for (int k = 0; k < N; ++k) t[k] = row.factor * t[k] + row.everywhere;
  return t;
}

/// Largest x and sum of e^(x - largest), in one pass: the sum is rescaled when a larger x comes.
template <class A> struct OnlineSum {
  A largest = kBelowAll<A>, sum = 0;

  template <class T, int N> __device__ void add(const Pack<T, N>& x) {
    A top = largest;
    for (int k = 0; k < N; ++k) top = larger(top, static_cast<A>(x[k]));
    sum *= exp_of(largest - top);
    for (int k = 0; k < N; ++k) sum += exp_of(static_cast<A>(x[k]) - top);
    largest = top;
  }
  /// Makes every thread's sums the whole row's.
  template <class TeamOfRow> __device__ void join() {
    const A top = TeamOfRow::reduce(largest, Max{}, kBelowAll<A>);
    sum = TeamOfRow::reduce(sum * exp_of(largest - top), Add{}, A(0));
    largest = top;
  }
};

// row.loss[n] = sum over c of t[n,c] (lse[n] - x[n,c]). One team a row, which it reads once.
template <int N, bool kWholeBlock, class T, class Targets>
__global__ void xent_forward_kernel(const T* x, Targets targets, RowResults<acc_t<T>> row, int64_t rows, int classes) {
  using A = acc_t<T>;
  using Row = Team<kWholeBlock>;
  const int64_t n = Row::row();
  if (n >= rows) return;
  const auto target = target_row(targets, n, rows, classes);
  OnlineSum<A> online;
  A mass = 0, dot = 0;
  for (int c = Row::rank() * N; c < classes; c += Row::kSize * N) {
    const auto in = load_pack<N>(x + n * classes + c);
    const auto t = targets_at<N>(target, c);
    online.add(in);
    for (int k = 0; k < N; ++k) {
      mass += t[k];
      dot += target_times(t[k], static_cast<A>(in[k]));
    }
  }
  online.template join<Row>();
  mass = Row::reduce(mass, Add{}, A(0));
  dot = Row::reduce(dot, Add{}, A(0));
  if (Row::rank() != 0) return;
  const RowSums<A> sums{online.largest, online.sum, mass, dot};
  row.loss[n] = sums.loss();
  row.shift[n] = sums.shift();
}

// mean = sum over n of x[n] / count. One block: a batch has few rows, and one order makes the sum repeat.
template <class A> __global__ void mean_kernel(const A* x, A* mean, int64_t count) {
  A sum = 0;
  for (int64_t n = threadIdx.x; n < count; n += kThreads) sum += x[n];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *mean = sum / static_cast<A>(count);
}

// dx[n,c] = (e^(x[n,c] - row_shift[n]) - t[n,c]) dloss / rows. One team a row.
template <int N, bool kWholeBlock, class T, class Targets>
__global__ void xent_backward_kernel(const T* x, Targets targets, const acc_t<T>* row_shift, const acc_t<T>* dloss, T* dx,
                                     int64_t rows, int classes) {
  using A = acc_t<T>;
  using Row = Team<kWholeBlock>;
  const int64_t n = Row::row();
  if (n >= rows) return;
  const auto target = target_row(targets, n, rows, classes);
  const A shift = row_shift[n], factor = *dloss / static_cast<A>(rows);
  for (int c = Row::rank() * N; c < classes; c += Row::kSize * N) {
    const auto in = load_pack<N>(x + n * classes + c);
    const auto t = targets_at<N>(target, c);
    Pack<T, N> out;
    for (int k = 0; k < N; ++k) out[k] = static_cast<T>(xent_gradient(static_cast<A>(in[k]), shift, t[k], factor));
    store_pack(dx + n * classes + c, out);
  }
}

// y[n,c] = Form of x[n,c] - largest[n] and the row's sum. One team a row; the second reading of the row is from the cache.
template <int N, bool kWholeBlock, class Form, class T>
__global__ void softmax_forward_kernel(Form, const T* x, T* y, int64_t rows, int classes) {
  using A = acc_t<T>;
  using Row = Team<kWholeBlock>;
  const int64_t n = Row::row();
  if (n >= rows) return;
  OnlineSum<A> online;
  for (int c = Row::rank() * N; c < classes; c += Row::kSize * N) online.add(load_pack<N>(x + n * classes + c));
  online.template join<Row>();
  const A constant = Form::constant(online.sum);
  for (int c = Row::rank() * N; c < classes; c += Row::kSize * N) {
    const auto in = load_pack<N>(x + n * classes + c);
    Pack<T, N> out;
    for (int k = 0; k < N; ++k) out[k] = static_cast<T>(Form::y(static_cast<A>(in[k]) - online.largest, constant));
    store_pack(y + n * classes + c, out);
  }
}

// dx[n,c] = Form of y[n,c], dy[n,c] and the row's sum of Form's terms. One team a row.
template <int N, bool kWholeBlock, class Form, class T>
__global__ void softmax_backward_kernel(Form, const T* y, const T* dy, T* dx, int64_t rows, int classes) {
  using A = acc_t<T>;
  using Row = Team<kWholeBlock>;
  const int64_t n = Row::row();
  if (n >= rows) return;
  A total = 0;
  for (int c = Row::rank() * N; c < classes; c += Row::kSize * N) {
    const auto out = load_pack<N>(y + n * classes + c), gradient = load_pack<N>(dy + n * classes + c);
    for (int k = 0; k < N; ++k) total += Form::term(static_cast<A>(out[k]), static_cast<A>(gradient[k]));
  }
  total = Row::reduce(total, Add{}, A(0));
  for (int c = Row::rank() * N; c < classes; c += Row::kSize * N) {
    const auto out = load_pack<N>(y + n * classes + c), gradient = load_pack<N>(dy + n * classes + c);
    Pack<T, N> result;
    for (int k = 0; k < N; ++k) result[k] = static_cast<T>(Form::dx(static_cast<A>(out[k]), static_cast<A>(gradient[k]), total));
    store_pack(dx + n * classes + c, result);
  }
}

/// Calls f<N, kWholeBlock>(grid): packs where rows are whole packs, a block a row where a warp's lanes would take over two.
template <class T, class F> void with_mapping(bool packs, int64_t rows, int64_t classes, F&& f) {
  const auto with_pack = [&]<int N>() {
    if (classes > 2 * N * kWarpSize) f.template operator()<N, true>(dim3(static_cast<unsigned>(rows)));
    else f.template operator()<N, false>(dim3(static_cast<unsigned>(ceil_div<int64_t>(rows, kThreads / kWarpSize))));
  };
  if (rows == 0 || classes == 0) return;
  if (packs && classes % kPackSize<T> == 0) with_pack.template operator()<kPackSize<T>>();
  else with_pack.template operator()<1>();
}

template <class A> bool packs_fit(const LabelTargets<A>&) { return true; }
template <class A> bool packs_fit(const SoftTargets<A>& t) { return is_pack_aligned(t.targets); }

}  // namespace

template <class T, class Targets>
void softmax_xent_forward(Gpu gpu, const T* x, Targets targets, RowResults<acc_t<T>> row, acc_t<T>* loss, int64_t rows,
                          int64_t classes) {
  const bool packs = is_pack_aligned(x) && packs_fit(targets);
  with_mapping<T>(packs, rows, classes, [&]<int N, bool kWholeBlock>(dim3 grid) {
    launch<xent_forward_kernel<N, kWholeBlock, T, Targets>>(grid, dim3(kThreads), 0, gpu, x, targets, row, rows, classes);
  });
  launch<mean_kernel<acc_t<T>>>(dim3(1), dim3(kThreads), 0, gpu, row.loss, loss, rows);
}

template <class T, class Targets>
void softmax_xent_backward(Gpu gpu, const T* x, Targets targets, const acc_t<T>* row_shift, const acc_t<T>* dloss, T* dx,
                           int64_t rows, int64_t classes) {
  const bool packs = is_pack_aligned(x) && is_pack_aligned(dx) && packs_fit(targets);
  with_mapping<T>(packs, rows, classes, [&]<int N, bool kWholeBlock>(dim3 grid) {
    constexpr auto kernel = xent_backward_kernel<N, kWholeBlock, T, Targets>;
    launch<kernel>(grid, dim3(kThreads), 0, gpu, x, targets, row_shift, dloss, dx, rows, classes);
  });
}

template <class Form, class T> void softmax_forward(Gpu gpu, Form form, const T* x, T* y, int64_t rows, int64_t classes) {
  with_mapping<T>(is_pack_aligned(x) && is_pack_aligned(y), rows, classes, [&]<int N, bool kWholeBlock>(dim3 grid) {
    launch<softmax_forward_kernel<N, kWholeBlock, Form, T>>(grid, dim3(kThreads), 0, gpu, form, x, y, rows, classes);
  });
}

template <class Form, class T>
void softmax_backward(Gpu gpu, Form form, const T* y, const T* dy, T* dx, int64_t rows, int64_t classes) {
  const bool packs = is_pack_aligned(y) && is_pack_aligned(dy) && is_pack_aligned(dx);
  with_mapping<T>(packs, rows, classes, [&]<int N, bool kWholeBlock>(dim3 grid) {
    launch<softmax_backward_kernel<N, kWholeBlock, Form, T>>(grid, dim3(kThreads), 0, gpu, form, y, dy, dx, rows, classes);
  });
}

CUDENZA_SOFTMAX_XENT_OF(Gpu, float)
CUDENZA_SOFTMAX_XENT_OF(Gpu, bf16)
CUDENZA_SOFTMAX_XENT_OF(Gpu, f16)

}  // namespace cudenza::kernels
