/// Convolution, batch normalisation, residual sum and ReLU as one op: the building block of ResNets.
#pragma once
#include "engine/ops/batch_norm.h"
#include "engine/ops/conv.h"

namespace cudenza {

/// y = relu(batch_norm(conv2d(x, w)) + residual); the last two steps are optional. x is [N,H,W,C], w is [K,R,S,C] in x's
/// dtype, the state has K channels in the accumulator dtype, y and the residual (or none) are [N,H',W',K].
///
/// For the backward pass it keeps x, w, the convolution's output, its statistics and one bit per element. In inference
/// without gradients it is one library call, with the batch norm folded into w.
///
/// Differentiable in x, w, gamma, beta and the residual. Throws UsageError if shapes, dtypes or devices disagree, or if
/// training has one value per channel.
Tensor conv_bn_act(const Tensor& x, const Tensor& w, const Conv2dSpec&, const BatchNormState&, bool training, bool relu,
                   const Tensor& residual = {});

/// A convolution with its batch norm (in inference) folded in, for networks that fold once and run often:
///   scale[k] = gamma[k] / sqrt(running_var[k] + eps)    w[k,r,s,c] scale[k]    bias[k] = beta[k] - running_mean[k] scale[k]
struct FoldedConv {
  Tensor w;     ///< [K,R,S,C] in w's dtype
  Tensor bias;  ///< [K] in the accumulator dtype
};
/// Not differentiable.
FoldedConv fold_batch_norm(const Tensor& w, const BatchNormState&);

}  // namespace cudenza
