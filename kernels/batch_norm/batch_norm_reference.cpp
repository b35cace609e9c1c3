/// The equations of batch_norm.h as loops. Sums over rows are taken in double: how they are rounded is not what it judges.
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

bool passes(const uint32_t* mask, const BatchNormShape& s, int64_t r, int64_t c) {
  return !mask || (mask[r * s.mask_words_per_row() + c / 32] >> (c % 32) & 1u);
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

template <class T>
void batch_norm_apply(Reference, const T* x, const T* residual, const BatchNormShape& s,
                      const BatchNormChannels<acc_t<T>>& channels, bool relu, T* y, uint32_t* mask) {
  using A = acc_t<T>;
#pragma omp parallel for
  for (int64_t r = 0; r < s.rows; ++r) {
    for (int64_t w = 0; mask && w < s.mask_words_per_row(); ++w) mask[r * s.mask_words_per_row() + w] = 0;
    for (int64_t c = 0; c < s.channels; ++c) {
      const int64_t i = r * s.channels + c;
      const A xhat = (static_cast<A>(x[i]) - channels.mean[c]) * channels.inv_std[c];
      A z = channels.gamma[c] * xhat + channels.beta[c];
      if (residual) z += static_cast<A>(residual[i]);
      const bool cut = z <= 0;  // not NaN
      if (mask && !cut) mask[r * s.mask_words_per_row() + c / 32] |= 1u << (c % 32);
      y[i] = static_cast<T>(relu && cut ? A(0) : z);
    }
  }
}

template <class T>
void batch_norm_backward_reduce(Reference, const BatchNormUpstream<T>& up, const T* x, const BatchNormShape& s,
                                const BatchNormChannels<acc_t<T>>& channels, acc_t<T>* dgamma, acc_t<T>* dbeta, acc_t<T>*) {
  using A = acc_t<T>;
#pragma omp parallel for
  for (int64_t c = 0; c < s.channels; ++c) {
    double sum = 0, sum_xhat = 0;
    for (int64_t r = 0; r < s.rows; ++r) {
      const int64_t i = r * s.channels + c;
      T dz = up.more ? static_cast<T>(static_cast<A>(up.dy[i]) + static_cast<A>(up.more[i])) : up.dy[i];
      if (!passes(up.mask, s, r, c)) dz = T(0);
      if (up.more) up.dz[i] = dz;
      sum += static_cast<double>(dz);
      sum_xhat += static_cast<double>(dz) * static_cast<double>((static_cast<A>(x[i]) - channels.mean[c]) * channels.inv_std[c]);
    }
    dbeta[c] = static_cast<A>(sum);
    dgamma[c] = static_cast<A>(sum_xhat);
  }
}

template <class T>
void batch_norm_backward_apply(Reference, const T* dy, const T* x, const uint32_t* mask, const BatchNormShape& s,
                               const BatchNormChannels<acc_t<T>>& channels, const acc_t<T>* dgamma, const acc_t<T>* dbeta, T* dx,
                               T* dresidual) {
  using A = acc_t<T>;
#pragma omp parallel for
  for (int64_t r = 0; r < s.rows; ++r) {
    for (int64_t c = 0; c < s.channels; ++c) {
      const int64_t i = r * s.channels + c;
      const A dz = passes(mask, s, r, c) ? static_cast<A>(dy[i]) : A(0), rows = static_cast<A>(s.rows);
      A through_statistics = 0;
      if (x) {
        const A xhat = (static_cast<A>(x[i]) - channels.mean[c]) * channels.inv_std[c];
        through_statistics = dbeta[c] / rows + xhat * dgamma[c] / rows;
      }
      if (dresidual) dresidual[i] = static_cast<T>(dz);
      if (dx) dx[i] = static_cast<T>(channels.gamma[c] * channels.inv_std[c] * (dz - through_statistics));
    }
  }
}

template <class T>
void batch_norm_fold(Reference, const T* w, int64_t out_channels, int64_t fan_in, const BatchNormChannels<acc_t<T>>& channels,
                     T* folded_w, acc_t<T>* bias) {
  using A = acc_t<T>;
  for (int64_t k = 0; k < out_channels; ++k) {
    const A factor = channels.gamma[k] * channels.inv_std[k];
    for (int64_t i = k * fan_in; i < (k + 1) * fan_in; ++i) folded_w[i] = static_cast<T>(static_cast<A>(w[i]) * factor);
    bias[k] = channels.beta[k] - channels.mean[k] * factor;
  }
}

CUDENZA_BATCH_NORM_REDUCE(Reference, float)
CUDENZA_BATCH_NORM_REDUCE(Reference, bf16)
CUDENZA_BATCH_NORM_REDUCE(Reference, f16)
CUDENZA_BATCH_NORM_REDUCE(Reference, double)
CUDENZA_BATCH_NORM_APPLY(Reference, float)
CUDENZA_BATCH_NORM_APPLY(Reference, bf16)
CUDENZA_BATCH_NORM_APPLY(Reference, f16)
CUDENZA_BATCH_NORM_APPLY(Reference, double)
CUDENZA_BATCH_NORM_CHANNELS(Reference, float)
CUDENZA_BATCH_NORM_CHANNELS(Reference, double)

}  // namespace cudenza::kernels
