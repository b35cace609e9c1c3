/// Forward and backward pass of batch normalisation without autograd, for the ops that contain it (batch_norm.h,
/// conv_bn_act.h).
#pragma once
#include <string_view>

#include "engine/ops/batch_norm.h"

namespace cudenza {

/// Which gradients are needed: those of tensors that track a gradient in the forward pass.
struct BatchNormWants {
  bool x = false, gamma = false, beta = false, residual = false;
  bool any() const { return x || gamma || beta || residual; }
};

/// What the backward pass needs from the forward pass.
struct BatchNormSaved {
  BatchNormWants wants;
  bool training = false;
  Tensor x;  ///< undefined if no needed gradient depends on it
  Tensor gamma;
  Tensor mean, inv_std;  ///< [C]
  Tensor all_sums;  ///< of all ranks' rows (kernels/batch_norm/batch_norm_shared.h); undefined if the rows are the whole batch
  Ranks* together = nullptr;
  Tensor mask;  ///< u32 [rows, words]: one bit per element (kernels/batch_norm); undefined without ReLU
};

struct BatchNormGradients {
  Tensor x, gamma, beta, residual;  ///< undefined if not needed
};

/// Throws UsageError naming `op` unless x [..., C], the state and the residual (or none) match.
void check_batch_norm(std::string_view op, const Tensor& x, const BatchNormState&, bool training, const Tensor& residual);

/// The part of that check that needs no x: whether the state fits `channels` channels of `dtype` on `device`.
void check_batch_norm_state(std::string_view op, const BatchNormState&, int64_t channels, DType, Device);

/// y = relu(batch_norm(x) + residual); training updates the running statistics. Fills `saved` if any gradient is needed.
/// `sums` saves the pass over x for its statistics: f32 [2, C], the sums of x and of x² (undefined: computed here). REQUIRES
/// arguments that pass check_batch_norm().
Tensor batch_norm_forward(const Tensor& x, const BatchNormState&, bool training, bool relu, const Tensor& residual,
                          const BatchNormWants&, BatchNormSaved& saved, const Tensor& sums = {});

/// The gradients for dy, or for dy + more if y had two users.
BatchNormGradients batch_norm_backward(const Tensor& dy, const Tensor& more, const BatchNormSaved&);

}  // namespace cudenza
