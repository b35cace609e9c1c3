/// The two passes of batch normalisation outside the autograd graph, for the ops that contain one (batch_norm.h,
/// conv_bn_act.h).
#pragma once
#include <string_view>

#include "engine/ops/batch_norm.h"

namespace cudenza {

/// Which gradients are wanted; true where the forward pass saw that the tensor tracks one.
struct BatchNormWants {
  bool x = false, gamma = false, beta = false, residual = false;
  bool any() const { return x || gamma || beta || residual; }
};

/// What the backward pass reads of the forward pass.
struct BatchNormSaved {
  BatchNormWants wants;
  bool training = false;
  Tensor x;  ///< undefined if no wanted gradient depends on it
  Tensor gamma;
  Tensor mean, inv_std;  ///< [C]
  Tensor mask;           ///< u32 [rows, words]: one bit an element (kernels/batch_norm); undefined without ReLU
};

struct BatchNormGradients {
  Tensor x, gamma, beta, residual;  ///< undefined where not wanted
};

/// Throws UsageError, in the name of `op`, unless x [..., C], the state and the residual (or none) fit together.
void check_batch_norm(std::string_view op, const Tensor& x, const BatchNormState&, bool training, const Tensor& residual);

/// The part of it that needs no x: whether the state serves `channels` channels of `dtype` on `device`.
void check_batch_norm_state(std::string_view op, const BatchNormState&, int64_t channels, DType, Device);

/// y = relu(batch_norm(x) + residual); updates the running statistics in training. Fills `saved` if anything is wanted.
/// `sums` spares the pass over x for its statistics: f32 [2, C], the sums of x and of x² (undefined: they are taken here).
/// REQUIRES arguments that check_batch_norm() lets pass.
Tensor batch_norm_forward(const Tensor& x, const BatchNormState&, bool training, bool relu, const Tensor& residual,
                          const BatchNormWants&, BatchNormSaved& saved, const Tensor& sums = {});

/// The gradients for dy, or for dy + more where y had two users.
BatchNormGradients batch_norm_backward(const Tensor& dy, const Tensor& more, const BatchNormSaved&);

}  // namespace cudenza
