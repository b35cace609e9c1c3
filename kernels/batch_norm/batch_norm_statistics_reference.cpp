/// Means and variances of batch_norm.h as loops. Sums over rows are taken in double: how they are rounded is not what it judges.
#include <cmath>

#include "kernels/batch_norm/batch_norm_instances.h"

namespace cudenza::kernels {
namespace {

/// One channel's mean and biased variance, and what they leave.
template <class A>
void set_channel(int64_t c, double mean, double variance, int64_t rows, double eps, A* means, A* inv_std,
                 const RunningStatistics<A>& running) {
  means[c] = static_cast<A>(mean);
  inv_std[c] = static_cast<A>(1 / std::sqrt(variance + eps));
  if (!running.mean) return;
  const double unbiased = variance * static_cast<double>(rows) / static_cast<double>(rows - 1);
  running.mean[c] += static_cast<A>(running.momentum * (mean - static_cast<double>(running.mean[c])));
  running.variance[c] += static_cast<A>(running.momentum * (unbiased - static_cast<double>(running.variance[c])));
}

}  // namespace

template <class T>
void batch_norm_statistics(Reference, const T* x, const BatchNormShape& s, double eps, acc_t<T>* mean, acc_t<T>* inv_std,
                           const RunningStatistics<acc_t<T>>& running, acc_t<T>*) {
#pragma omp parallel for
  for (int64_t c = 0; c < s.channels; ++c) {
    double sum = 0, squares = 0;
    for (int64_t r = 0; r < s.rows; ++r) sum += static_cast<double>(x[r * s.channels + c]);
    const double center = sum / static_cast<double>(s.rows);
    for (int64_t r = 0; r < s.rows; ++r) squares += std::pow(static_cast<double>(x[r * s.channels + c]) - center, 2);
    set_channel(c, center, squares / static_cast<double>(s.rows), s.rows, eps, mean, inv_std, running);
  }
}

template <class A>
void batch_norm_finalize(Reference, const A* sum, const A* sum_of_squares, const BatchNormShape& s, double eps, A* mean,
                         A* inv_std, const RunningStatistics<A>& running) {
  for (int64_t c = 0; c < s.channels; ++c) {
    const double rows = static_cast<double>(s.rows), center = static_cast<double>(sum[c]) / rows;
    const double variance = static_cast<double>(sum_of_squares[c]) / rows - center * center;
    set_channel(c, center, std::fmax(variance, 0), s.rows, eps, mean, inv_std, running);
  }
}

template <class A>
void batch_norm_from_running(Reference, const A* running_mean, const A* running_variance, int64_t channels, double eps, A* mean,
                             A* inv_std) {
  for (int64_t c = 0; c < channels; ++c) {
    mean[c] = running_mean[c];
    inv_std[c] = static_cast<A>(1 / std::sqrt(static_cast<double>(running_variance[c]) + eps));
  }
}

CUDENZA_BATCH_NORM_STATISTICS(Reference, float)
CUDENZA_BATCH_NORM_STATISTICS(Reference, bf16)
CUDENZA_BATCH_NORM_STATISTICS(Reference, f16)
CUDENZA_BATCH_NORM_STATISTICS(Reference, double)
CUDENZA_BATCH_NORM_CHANNELS(Reference, float)
CUDENZA_BATCH_NORM_CHANNELS(Reference, double)

}  // namespace cudenza::kernels
