/// The equations of pool.h as loops over the outputs and their windows. The way back gives out where a fast one gathers.
#include <vector>

#include "kernels/pool/pool_instances.h"
#include "kernels/pool/pool_math.h"

namespace cudenza::kernels {
namespace {

template <class Side> int64_t in_x(const PoolShape<Side>& s, int n, int p, int q, int c) {
  return pixel_offset(n, p, q, s.rows.size, s.columns.size, s.channels) + c;
}
template <class Side> int64_t in_y(const PoolShape<Side>& s, int n, int i, int j, int c) {
  return pixel_offset(n, i, j, s.rows.out, s.columns.out, s.channels) + c;
}

/// Calls f(n, i, j, c) for every output y[n,i,j,c].
template <class Side, class F> void for_outputs(const PoolShape<Side>& s, F f) {
#pragma omp parallel for
  for (int n = 0; n < s.batch; ++n) {
    for (int i = 0; i < s.rows.out; ++i) {
      for (int j = 0; j < s.columns.out; ++j) {
        for (int c = 0; c < s.channels; ++c) f(n, i, j, c);
      }
    }
  }
}

/// Calls f(p, q, position) for every pixel of the window of output (i, j), in row order.
template <class Side, class F> void for_window(const PoolShape<Side>& s, int i, int j, F f) {
  const Span rows = window(s.rows, i), columns = window(s.columns, j);
  for (int p = rows.begin; p < rows.end; ++p) {
    for (int q = columns.begin; q < columns.end; ++q) f(p, q, (p - rows.begin) * longest(s.columns) + q - columns.begin);
  }
}

/// dx, where add(sums) adds each of its terms to sums[in_x(…)].
template <class T, class Side, class Add> void sum_into(T* dx, const PoolShape<Side>& s, Add add) {
  std::vector<acc_t<T>> sums(static_cast<size_t>(in_x(s, s.batch, 0, 0, 0)));
  add(sums.data());
  for (const acc_t<T> sum : sums) *dx++ = static_cast<T>(sum);
}

}  // namespace

template <class T, class Winner, class Side>
void max_pool_forward(Reference, const T* x, T* y, Winner* winner, const PoolShape<Side>& s) {
  for_outputs(s, [=](int n, int i, int j, int c) {
    T largest{};
    int where = -1;
    for_window(s, i, j, [&](int p, int q, int position) {
      const T value = x[in_x(s, n, p, q, c)];
      if (where < 0 || value > largest || value != value) largest = value, where = position;
    });
    y[in_y(s, n, i, j, c)] = largest;
    if (winner) winner[in_y(s, n, i, j, c)] = static_cast<Winner>(where);
  });
}

template <class T, class Side> void avg_pool_forward(Reference, const T* x, T* y, const PoolShape<Side>& s) {
  for_outputs(s, [=](int n, int i, int j, int c) {
    acc_t<T> sum = 0;
    for_window(s, i, j, [&](int p, int q, int) { sum += static_cast<acc_t<T>>(x[in_x(s, n, p, q, c)]); });
    y[in_y(s, n, i, j, c)] = static_cast<T>(sum / static_cast<acc_t<T>>(counted(s.rows, i) * counted(s.columns, j)));
  });
}

template <class T, class Winner, class Side>
void max_pool_backward(Reference, const T* dy, const Winner* winner, T* dx, const PoolShape<Side>& s) {
  sum_into(dx, s, [=](acc_t<T>* sums) {
    for_outputs(s, [=](int n, int i, int j, int c) {
      const int64_t out = in_y(s, n, i, j, c);
      for_window(s, i, j, [&](int p, int q, int position) {
        if (position == static_cast<int>(winner[out])) sums[in_x(s, n, p, q, c)] += static_cast<acc_t<T>>(dy[out]);
      });
    });
  });
}

template <class T, class Side> void avg_pool_backward(Reference, const T* dy, T* dx, const PoolShape<Side>& s) {
  sum_into(dx, s, [=](acc_t<T>* sums) {
    for_outputs(s, [=](int n, int i, int j, int c) {
      const acc_t<T> count = static_cast<acc_t<T>>(counted(s.rows, i) * counted(s.columns, j));
      const acc_t<T> share = static_cast<acc_t<T>>(dy[in_y(s, n, i, j, c)]) / count;
      for_window(s, i, j, [&](int p, int q, int) { sums[in_x(s, n, p, q, c)] += share; });
    });
  });
}

CUDENZA_POOL(Reference, float)
CUDENZA_POOL(Reference, bf16)
CUDENZA_POOL(Reference, f16)
CUDENZA_POOL(Reference, double)

}  // namespace cudenza::kernels
