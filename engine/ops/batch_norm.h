/// Batch normalisation over all axes but the last (Ioffe, Szegedy: Batch Normalization; ICML 2015).
///
///   training   y = gamma (x - mean) / sqrt(variance + eps) + beta,   mean and biased variance of this batch
///   inference  the same with running_mean and running_var
#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

class Ranks;

/// Parameters and running statistics, [C] each, in the accumulator dtype of x (f32; f64 for f64) and on its device.
struct BatchNormState {
  Tensor gamma, beta;
  /// Training updates them in place by momentum, with the batch's mean and *unbiased* variance, as PyTorch does.
  Tensor running_mean, running_var;
  double eps = 1e-5, momentum = 0.1;
  /// Whose rows count as one batch in training; null: this process's own alone. All ranks then call the same ops in the same
  /// order, forward and backward.
  Ranks* together = nullptr;
};

/// x is [..., C]. Differentiable in x, gamma and beta; in inference the running statistics are constants. Throws UsageError
/// if shapes, dtypes or devices disagree, or if training has only one row: one value per channel.
Tensor batch_norm(const Tensor& x, const BatchNormState&, bool training);

/// relu(batch_norm(x) + residual), with as few passes over memory as batch_norm alone. residual may be undefined; it has x's
/// shape and dtype. Keeps x and one bit per element for the backward pass. Also differentiable in the residual.
Tensor batch_norm_act(const Tensor& x, const BatchNormState&, bool training, bool relu, const Tensor& residual = {});

}  // namespace cudenza
