/// What batch_norm.h makes of activations and weights, as loops (statistics and gradients: the files beside).
#include "kernels/batch_norm/batch_norm_instances.h"

namespace cudenza::kernels {

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
void batch_norm_fold(Reference, const T* w, int64_t out_channels, int64_t fan_in, const BatchNormChannels<acc_t<T>>& channels,
                     T* folded_w, acc_t<T>* bias) {
  using A = acc_t<T>;
  for (int64_t k = 0; k < out_channels; ++k) {
    const A factor = channels.gamma[k] * channels.inv_std[k];
    for (int64_t i = k * fan_in; i < (k + 1) * fan_in; ++i) folded_w[i] = static_cast<T>(static_cast<A>(w[i]) * factor);
    bias[k] = channels.beta[k] - channels.mean[k] * factor;
  }
}

CUDENZA_BATCH_NORM_FORWARD_APPLY(Reference, float)
CUDENZA_BATCH_NORM_FORWARD_APPLY(Reference, bf16)
CUDENZA_BATCH_NORM_FORWARD_APPLY(Reference, f16)
CUDENZA_BATCH_NORM_FORWARD_APPLY(Reference, double)

}  // namespace cudenza::kernels
