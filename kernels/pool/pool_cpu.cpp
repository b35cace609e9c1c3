#include <algorithm>
#include <type_traits>
#include <vector>

#include "kernels/common/parallel.h"
#include "kernels/pool/pool_instances.h"
#include "kernels/pool/pool_math.h"

namespace cudenza::kernels {
namespace {

/// Channels folded together. For small windows few, whose running values stay in registers or near them; for large ones
/// many, so that memory is read in long runs, unless there are too few windows to go round the threads.
constexpr int kFewLanes = 64, kManyLanes = 1024;

template <class Side> int lanes_for(const PoolShape<Side>& s, int64_t windows) {
  constexpr int64_t kLargeWindow = 25;
  const bool large = static_cast<int64_t>(longest(s.rows)) * longest(s.columns) >= kLargeWindow;
  return large && windows >= omp_get_max_threads() ? kManyLanes : kFewLanes;
}

/// Folds `lanes` channels of window (i, j), at most kMost of them, into y and winner.
template <int kMost, class Fold, class T, class Winner, class Side>
[[gnu::always_inline]] inline void fold_window(const T* x, T* y, Winner* winner, const PoolShape<Side>& s, int i, int j,
                                               int lanes) {
  using A = acc_t<T>;
  const Span rows = window(s.rows, i), columns = window(s.columns, j);
  A value[kMost];
  int where[kMost];
  for (int c = 0; c < lanes; ++c) value[c] = Fold::template initial<A>(), where[c] = 0;
  for (int p = rows.begin; p < rows.end; ++p) {
    const T* pixel = x + pixel_offset(0, p, columns.begin, s.rows.size, s.columns.size, s.channels);
    int position = (p - rows.begin) * longest(s.columns);
    for (int q = columns.begin; q < columns.end; ++q, pixel += s.channels, ++position) {
#pragma omp simd
      for (int c = 0; c < lanes; ++c) Fold::take(static_cast<A>(pixel[c]), position, value[c], where[c]);
    }
  }
  const A scale = Fold::kHasWinner ? A(1) : average_scale<A>(s, i, j);
#pragma omp simd
  for (int c = 0; c < lanes; ++c) y[c] = Fold::result(value[c], scale);
  if (!Fold::kHasWinner || !winner) return;
#pragma omp simd
  for (int c = 0; c < lanes; ++c) winner[c] = static_cast<Winner>(where[c]);
}

template <class Fold, class T, class Winner, class Side>
void forward(const T* x, T* y, Winner* winner, const PoolShape<Side>& s) {
  const int64_t windows = static_cast<int64_t>(s.batch) * s.rows.out * s.columns.out;
  const int most = lanes_for(s, windows), pieces = ceil_div(s.channels, most);
  const int64_t cost = static_cast<int64_t>(longest(s.rows)) * longest(s.columns) * smaller(most, s.channels);
  parallel_ranges(windows * pieces, cost, [=](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t pixel = unit / pieces, row = pixel / s.columns.out;
      const int i = static_cast<int>(row % s.rows.out), j = static_cast<int>(pixel % s.columns.out),
                first = static_cast<int>(unit % pieces) * most;
      const T* from = x + pixel_offset(static_cast<int>(row / s.rows.out), 0, 0, s.rows.size, s.columns.size, s.channels) + first;
      T* to = y + pixel * s.channels + first;
      Winner* won = winner ? winner + pixel * s.channels + first : nullptr;
      const int lanes = smaller(most, s.channels - first);
      if (lanes == kFewLanes) fold_window<kFewLanes, Fold>(from, to, won, s, i, j, kFewLanes);
      else fold_window<kManyLanes, Fold>(from, to, won, s, i, j, lanes);
    }
  });
}

/// Adds what window (i, j) of picture n passes to the inputs of row p to sum [columns.size, channels].
template <class Grad, class T, class Winner, class Side>
void add_window(const T* dy, const Winner* winner, const PoolShape<Side>& s, int p, int i, int j, acc_t<T>* sum) {
  using A = acc_t<T>;
  const Span columns = window(s.columns, j);
  const A scale = Grad::kHasWinner ? A(1) : average_scale<A>(s, i, j);
  int position = (p - window(s.rows, i).begin) * longest(s.columns);
  for (int q = columns.begin; q < columns.end; ++q, ++position) {
    A* input = sum + static_cast<int64_t>(q) * s.channels;
#pragma omp simd
    for (int c = 0; c < s.channels; ++c) {
      input[c] += Grad::of(static_cast<A>(dy[c]), Grad::kHasWinner ? static_cast<int>(winner[c]) : 0, position, scale);
    }
  }
}

/// A row of inputs at a time: the windows over it, in order, add to it; 16-bit types by way of a wider buffer.
template <class Grad, class T, class Winner, class Side>
void backward(const T* dy, const Winner* winner, T* dx, const PoolShape<Side>& s) {
  using A = acc_t<T>;
  constexpr bool kInPlace = std::is_same_v<T, A>;
  const int64_t row_size = static_cast<int64_t>(s.columns.size) * s.channels;
  parallel_ranges(static_cast<int64_t>(s.batch) * s.rows.size, row_size, [=](int64_t begin, int64_t end) {
    std::vector<A> buffer(kInPlace ? 0 : static_cast<size_t>(row_size));
    for (int64_t row = begin; row < end; ++row) {
      const int n = static_cast<int>(row / s.rows.size), p = static_cast<int>(row % s.rows.size);
      const Span rows = covering(s.rows, p);
      T* dx_row = dx + row * row_size;
      A* sum = buffer.data();
      if constexpr (kInPlace) sum = dx_row;
      std::fill_n(sum, row_size, A(0));
      for (int i = rows.begin; i < rows.end; ++i) {
        int64_t out = pixel_offset(n, i, 0, s.rows.out, s.columns.out, s.channels);
        for (int j = 0; j < s.columns.out; ++j, out += s.channels)
          add_window<Grad>(dy + out, winner ? winner + out : nullptr, s, p, i, j, sum);
      }
      if constexpr (kInPlace) continue;
#pragma omp simd
      for (int64_t k = 0; k < row_size; ++k) dx_row[k] = sum[k];
    }
  });
}

}  // namespace

template <class T, class Winner, class Side>
void max_pool_forward(Cpu, const T* x, T* y, Winner* winner, void*, const PoolShape<Side>& s) {
  forward<MaxFold>(x, y, winner, s);
}

template <class T, class Side> void avg_pool_forward(Cpu, const T* x, T* y, void*, const PoolShape<Side>& s) {
  forward<AvgFold>(x, y, static_cast<uint8_t*>(nullptr), s);
}

template <class T, class Winner, class Side>
void max_pool_backward(Cpu, const T* dy, const Winner* winner, T* dx, const PoolShape<Side>& s) {
  backward<MaxGrad>(dy, winner, dx, s);
}

template <class T, class Side> void avg_pool_backward(Cpu, const T* dy, T* dx, const PoolShape<Side>& s) {
  backward<AvgGrad>(dy, static_cast<const uint8_t*>(nullptr), dx, s);
}

template <class Side> bool winner_fits_byte(const PoolShape<Side>& s) {
  return static_cast<int64_t>(longest(s.rows)) * longest(s.columns) <= 256;
}
template bool winner_fits_byte(const PoolShape<StridedSide>&);
template bool winner_fits_byte(const PoolShape<AdaptiveSide>&);

template <class Side> size_t pool_workspace_bytes(const PoolShape<Side>& s) {
  const int slices = pool_slices(s);
  const int64_t outputs = static_cast<int64_t>(s.batch) * s.rows.out * s.columns.out * s.channels;
  return slices <= 1 ? 0 : static_cast<size_t>(slices * outputs) * (sizeof(float) + sizeof(int));
}
template size_t pool_workspace_bytes(const PoolShape<StridedSide>&);
template size_t pool_workspace_bytes(const PoolShape<AdaptiveSide>&);

CUDENZA_POOL(Cpu, float)
CUDENZA_POOL(Cpu, bf16)
CUDENZA_POOL(Cpu, f16)
CUDENZA_POOL(Cpu, double)

}  // namespace cudenza::kernels
