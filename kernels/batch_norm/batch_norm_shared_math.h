/// One channel of a shared batch norm: the same for the CPU loops and the kernels.
#pragma once
#include "kernels/batch_norm/batch_norm_math.h"
#include "kernels/batch_norm/batch_norm_shared.h"

namespace cudenza::kernels {

template <class A>
HOST_DEVICE void share_channel(int64_t c, const A* mean, const A* unbiased, const BatchNormShape& shape, double* sums) {
  const double rows = static_cast<double>(shape.rows), m = static_cast<double>(mean[c]);
  const double m2 = shape.rows > 1 ? static_cast<double>(unbiased[c]) * (rows - 1) : 0;
  sums[c] = rows * m;
  sums[shape.channels + c] = m2 + rows * m * m;
  if (c == 0) sums[2 * shape.channels] = rows;
}

template <class A>
HOST_DEVICE void join_channel(int64_t c, const double* sums, int64_t channels, double eps, A* mean, A* inv_std,
                              const RunningStatistics<A>& running) {
  const double rows = sums[2 * channels], m = sums[c] / rows;
  const Moments<A> moments{static_cast<A>(m), static_cast<A>(larger(sums[channels + c] - m * sums[c], 0.0))};
  finalize_channel(c, moments, static_cast<int64_t>(rows), eps, mean, inv_std, running);
}

template <class A> HOST_DEVICE void scale_to_all_rows(int64_t i, const double* sums, const BatchNormShape& shape, A* gradients) {
  gradients[i] *= static_cast<A>(static_cast<double>(shape.rows) / sums[2 * shape.channels]);
}

}  // namespace cudenza::kernels
