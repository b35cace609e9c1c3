/// The gradients of batch_norm.h as loops. Sums over rows are taken in double: how they are rounded is not what it judges.
#include "kernels/batch_norm/batch_norm_instances.h"

namespace cudenza::kernels {
namespace {

bool passes(const uint32_t* mask, const BatchNormShape& s, int64_t r, int64_t c) {
  return !mask || (mask[r * s.mask_words_per_row() + c / 32] >> (c % 32) & 1u);
}

}  // namespace

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

CUDENZA_BATCH_NORM_BACKWARD_REDUCE(Reference, float)
CUDENZA_BATCH_NORM_BACKWARD_REDUCE(Reference, bf16)
CUDENZA_BATCH_NORM_BACKWARD_REDUCE(Reference, f16)
CUDENZA_BATCH_NORM_BACKWARD_REDUCE(Reference, double)
CUDENZA_BATCH_NORM_BACKWARD_APPLY(Reference, float)
CUDENZA_BATCH_NORM_BACKWARD_APPLY(Reference, bf16)
CUDENZA_BATCH_NORM_BACKWARD_APPLY(Reference, f16)
CUDENZA_BATCH_NORM_BACKWARD_APPLY(Reference, double)

}  // namespace cudenza::kernels
