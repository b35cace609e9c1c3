/// Loops over the outputs of a pool and their windows, for the reference.
#pragma once
#include <vector>

#include "kernels/pool/pool_math.h"

namespace cudenza::kernels {

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

}  // namespace cudenza::kernels
