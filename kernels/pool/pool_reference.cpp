/// The equations of pool.h. The backward pass scatters: each output gives to the inputs of its window. The fast paths gather.
#include "kernels/pool/pool_reference.h"

#include "kernels/pool/pool_instances.h"

namespace cudenza::kernels {

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
