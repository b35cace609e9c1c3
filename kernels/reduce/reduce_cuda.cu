#include "kernels/common/reduce.cuh"
#include "kernels/reduce/columns.cuh"
#include "kernels/reduce/reduce_instances.h"
#include "kernels/reduce/reduce_math.h"

namespace cudenza::kernels {
namespace {

constexpr int kThreads = 256;

// ---- Over the rows: [batch, rows, channels] -> [batch, channels] ----

// y[b,slice,c] = scale * sum over the slice's rows of term(x[b,r,c], z[b,r,c]). Threads stand as columns.cuh says: each sums
// its rows of N channels, then those of a block that share channels are summed.
template <int N, class Term, class T, class U>
__global__ void sum_rows_kernel(Term term, const T* x, const T* z, U* y, Columns s, double scale) {
  using A = acc_t<T>;
  const ColumnPart part = column_part<N>(s);
  const int64_t origin = part.item * s.rows * s.channels + part.channel;
  Pack<A, N> sum{};
#pragma unroll 4
  for (int64_t r = part.row; r < part.end; r += part.step) {
    const auto a = load_pack<N>(x + origin + r * s.channels);
    const auto b = Term::kOfTwo ? load_pack<N>(z + origin + r * s.channels) : a;
    for (int k = 0; k < N; ++k) sum[k] += term(static_cast<A>(a[k]), static_cast<A>(b[k]));
  }
  sum_over_height(sum, s.lanes);
  if (threadIdx.x >= static_cast<unsigned>(s.lanes) || !part.has_channels) return;
  Pack<U, N> out;
  for (int k = 0; k < N; ++k) out[k] = static_cast<U>(static_cast<A>(scale) * sum[k]);
  store_pack(y + (part.item * s.slices + part.slice) * s.channels + part.channel, out);
}

// y[b,r,c] = scale * x[b,c]. The same columns: a thread loads its N values once and writes them down its rows.
template <int N, class T, class U> __global__ void broadcast_rows_kernel(const U* x, T* y, Columns s, double scale) {
  using A = acc_t<T>;
  const ColumnPart part = column_part<N>(s);
  if (!part.has_channels) return;
  const auto in = load_pack<N>(x + part.item * s.channels + part.channel);
  Pack<T, N> out;
  for (int k = 0; k < N; ++k) out[k] = static_cast<T>(static_cast<A>(scale) * static_cast<A>(in[k]));
  T* column = y + part.item * s.rows * s.channels + part.channel;
  for (int64_t r = part.row; r < part.end; r += part.step) store_pack(column + r * s.channels, out);
}

template <int N, class Term, class T, class U>
void launch_sum_rows(Gpu gpu, Term term, const T* x, const T* z, U* y, const RowsShape& s, double scale, void* workspace) {
  const Columns columns = columns_of(s, N, kSumBlocks);
  if (columns.blocks == 0) return;
  const dim3 grid(columns.blocks), block(kColumnThreads);
  if (columns.slices == 1) {
    launch<sum_rows_kernel<N, Term, T, U>>(grid, block, 0, gpu, term, x, z, y, columns, scale);
  } else {
    acc_t<T>* partial = static_cast<acc_t<T>*>(workspace);
    launch<sum_rows_kernel<N, Term, T, acc_t<T>>>(grid, block, 0, gpu, term, x, z, partial, columns, 1.0);
    sum_slices(gpu, partial, y, {s.batch, columns.slices, s.channels}, scale);
  }
}

template <class Term, class T, class U>
void sum_rows_of(Gpu gpu, Term term, const T* x, const T* z, U* y, const RowsShape& s, double scale, void* workspace) {
  constexpr int N = kPackSize<T>;
  if (takes_packs(N, s.channels, x, z, y)) launch_sum_rows<N>(gpu, term, x, z, y, s, scale, workspace);
  else launch_sum_rows<1>(gpu, term, x, z, y, s, scale, workspace);
}

// ---- Along a row: [rows, channels] -> [rows] ----

/// What a row is reduced to: none() is neutral, of() is one element's share, kOp joins shares.
template <class Term, class T> struct SumOf {
  using State = acc_t<T>;
  using Op = Add;
  double scale;
  static __device__ State none() { return 0; }
  static __device__ State of(T x, int64_t) { return Term{}(static_cast<State>(x), State(0)); }
  __device__ acc_t<T> result(State sum) const { return static_cast<State>(scale) * sum; }
};

template <class T, class U> struct Largest {
  using State = uint64_t;
  using Op = Max;
  static __device__ State none() { return 0; }
  static __device__ State of(T x, int64_t index) { return order_key(static_cast<float>(x), index); }
  __device__ U result(State key) const {
    if constexpr (std::is_same_v<U, int64_t>) return index_of_key(key);
    else return static_cast<U>(value_of_key(key));
  }
};

// y[r] = the reduction of x[r,:]. kPerRow threads (a warp, or the whole block) a row, which read neighbouring packs of N.
// `count` elements in all: the last row may be short.
template <int N, int kPerRow, class R, class T, class U>
__global__ void reduce_row_kernel(R reduction, const T* x, U* y, int64_t rows, int64_t count, int64_t length) {
  const int64_t row = static_cast<int64_t>(blockIdx.x) * (kThreads / kPerRow) + threadIdx.x / kPerRow;
  const int64_t first = row * length, size = smaller(length, count - first);  // none or less in warps beyond the last row
  const int64_t thread = threadIdx.x % kPerRow, whole = size / N * N;
  const typename R::Op op;
  typename R::State state = R::none();
#pragma unroll 4
  for (int64_t i = thread * N; i < whole; i += kPerRow * N) {
    const auto in = load_pack<N>(x + first + i);
    for (int k = 0; k < N; ++k) state = op(state, R::of(in[k], i + k));
  }
  for (int64_t i = whole + thread; i < size; i += kPerRow) state = op(state, R::of(x[first + i], i));
  state = kPerRow == kThreads ? block_reduce(state, op, R::none()) : warp_reduce(state, op);
  if (thread == 0 && row < rows) y[row] = reduction.result(state);
}

/// REQUIRES length % N == 0 for packs, unless there is one row.
template <int N, class R, class T, class U>
void launch_rows(Gpu gpu, R reduction, const T* x, U* y, int64_t rows, int64_t count, int64_t length) {
  constexpr int64_t kWarpsPerBlock = kThreads / kWarpSize, kLongForAWarp = 2048;
  if (rows == 0) return;
  if (length <= kLongForAWarp && rows > 1) {
    const dim3 grid(static_cast<unsigned>(ceil_div(rows, kWarpsPerBlock)));
    launch<reduce_row_kernel<N, kWarpSize, R, T, U>>(grid, dim3(kThreads), 0, gpu, reduction, x, y, rows, count, length);
  } else {
    const dim3 grid(static_cast<unsigned>(rows));
    launch<reduce_row_kernel<N, kThreads, R, T, U>>(grid, dim3(kThreads), 0, gpu, reduction, x, y, rows, count, length);
  }
}

template <class R, class T, class U> void reduce_rows(Gpu gpu, R reduction, const T* x, U* y, int64_t rows, int64_t channels) {
  constexpr int N = kPackSize<T>;
  if (takes_packs(N, channels, x)) launch_rows<N>(gpu, reduction, x, y, rows, rows * channels, channels);
  else launch_rows<1>(gpu, reduction, x, y, rows, rows * channels, channels);
}

/// The whole array is cut in rows of this length, each a block's work; their sums are one row more.
int64_t share_length(int64_t count) {
  constexpr int64_t kLeast = 8 * kThreads;  // a multiple of every pack
  return larger<int64_t>(ceil_div(ceil_div(count, 2 * kSumBlocks), kLeast), 1) * kLeast;
}
int64_t share_count(int64_t count) { return larger<int64_t>(ceil_div(count, share_length(count)), 1); }

template <class Term, class T> void sum_all_of(Gpu gpu, const T* x, acc_t<T>* y, int64_t count, double scale, void* workspace) {
  constexpr int N = kPackSize<T>;
  const int64_t shares = share_count(count), length = share_length(count);
  acc_t<T>* partial = shares == 1 ? y : static_cast<acc_t<T>*>(workspace);
  const SumOf<Term, T> first{shares == 1 ? scale : 1.0};
  if (is_pack_aligned(x)) launch_rows<N>(gpu, first, x, partial, shares, count, length);
  else launch_rows<1>(gpu, first, x, partial, shares, count, length);
  if (shares > 1) launch_rows<kPackSize<acc_t<T>>>(gpu, SumOf<Value, acc_t<T>>{scale}, partial, y, 1, shares, shares);
}

}  // namespace

// The slices' sums are few and small: narrow tiles of single channels give them the most blocks.
template <class A, class U> void sum_slices(Gpu gpu, const A* partial, U* y, const RowsShape& s, double scale) {
  const Columns columns = columns_of(s, 1, 1, 8);
  const dim3 grid(columns.blocks), block(kColumnThreads);
  launch<sum_rows_kernel<1, Value, A, U>>(grid, block, 0, gpu, Value{}, partial, partial, y, columns, scale);
}
template void sum_slices(Gpu, const float*, float*, const RowsShape&, double);
template void sum_slices(Gpu, const float*, bf16*, const RowsShape&, double);
template void sum_slices(Gpu, const float*, f16*, const RowsShape&, double);

// The type is not known here, and how packs are laid decides how many slices there are: the most that can be.
size_t sum_rows_workspace_bytes(Gpu, const RowsShape& s) {
  size_t most = 0;
  for (const int pack : {1, 4, 8}) {
    const size_t slices = columns_of(s, pack, kSumBlocks).slices;
    if (slices > 1) most = larger(most, slices * static_cast<size_t>(s.batch * s.channels) * sizeof(float));
  }
  return most;
}

template <class T, class U> void sum_rows(Gpu gpu, const T* x, U* y, const RowsShape& s, double scale, void* workspace) {
  sum_rows_of(gpu, Value{}, x, x, y, s, scale, workspace);
}

template <class T, class U>
void sum_rows_of_products(Gpu gpu, const T* x, const T* z, U* y, const RowsShape& s, double scale, void* workspace) {
  sum_rows_of(gpu, Product{}, x, z, y, s, scale, workspace);
}

template <class T, class U> void broadcast_rows(Gpu gpu, const U* x, T* y, const RowsShape& s, double scale) {
  constexpr int N = kPackSize<T>;
  const bool packs = takes_packs(N, s.channels, x, y);
  const Columns columns = columns_of(s, packs ? N : 1, kStreamBlocks);
  if (columns.blocks == 0) return;
  const dim3 grid(columns.blocks), block(kColumnThreads);
  if (packs) launch<broadcast_rows_kernel<N, T, U>>(grid, block, 0, gpu, x, y, columns, scale);
  else launch<broadcast_rows_kernel<1, T, U>>(grid, block, 0, gpu, x, y, columns, scale);
}

size_t sum_all_workspace_bytes(Gpu, int64_t count) {
  const int64_t shares = share_count(count);
  return shares > 1 ? static_cast<size_t>(shares) * sizeof(float) : 0;
}

template <class T> void sum_all(Gpu gpu, const T* x, acc_t<T>* y, int64_t count, double scale, void* workspace) {
  sum_all_of<Value>(gpu, x, y, count, scale, workspace);
}

template <class T> void sum_squares(Gpu gpu, const T* x, acc_t<T>* y, int64_t count, void* workspace) {
  sum_all_of<Square>(gpu, x, y, count, 1, workspace);
}

template <class T> void row_sum(Gpu gpu, const T* x, acc_t<T>* y, int64_t rows, int64_t channels) {
  reduce_rows(gpu, SumOf<Value, T>{1}, x, y, rows, channels);
}

template <class T> void row_max(Gpu gpu, const T* x, T* y, int64_t rows, int64_t channels) {
  reduce_rows(gpu, Largest<T, T>{}, x, y, rows, channels);
}

template <class T> void row_argmax(Gpu gpu, const T* x, int64_t* y, int64_t rows, int64_t channels) {
  reduce_rows(gpu, Largest<T, int64_t>{}, x, y, rows, channels);
}

CUDENZA_REDUCE(Gpu)

}  // namespace cudenza::kernels
