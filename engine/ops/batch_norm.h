/// Batch normalisation over all axes but the last (Ioffe, Szegedy: Batch Normalization; ICML 2015).
///
///   training   y = gamma (x - mean) / sqrt(variance + eps) + beta,   mean and biased variance of this batch
///   inference  the same with running_mean and running_var
#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

/// Parameters and statistics, [C] each, in the accumulator type of x (f32; f64 for f64) and on its device.
struct BatchNormState {
  Tensor gamma, beta;
  /// Training moves them by momentum towards the batch's mean and *unbiased* variance, in place, as PyTorch does.
  Tensor running_mean, running_var;
  double eps = 1e-5, momentum = 0.1;
};

/// x is [..., C]. Differentiable in x, gamma and beta, in training and (with the running statistics held constant) in
/// inference. Throws UsageError if shapes, types or devices disagree, or training has one row: one value per channel.
Tensor batch_norm(const Tensor& x, const BatchNormState&, bool training);

/// relu(batch_norm(x) + residual) in the passes over memory that batch_norm alone takes: residual may be undefined, and is
/// like x. Keeps for the backward pass x and one bit an element. Differentiable in the residual too.
Tensor batch_norm_act(const Tensor& x, const BatchNormState&, bool training, bool relu, const Tensor& residual = {});

}  // namespace cudenza
