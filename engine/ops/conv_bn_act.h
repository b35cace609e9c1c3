/// Convolution, batch normalisation, residual sum and ReLU as one op: what a ResNet is made of.
#pragma once
#include "engine/ops/batch_norm.h"
#include "engine/ops/conv.h"

namespace cudenza {

/// y = relu(batch_norm(conv2d(x, w)) + residual), the last two steps if asked for. x is [N,H,W,C], w [K,R,S,C] of its type,
/// the state of K channels in the accumulator type, y and the residual (or none) [N,H',W',K].
///
/// Keeps for the backward pass x, w, the convolution's output, its statistics and one bit an element. In inference, where no
/// gradient is wanted, it is one call of the convolution's library with the batch norm folded into w.
///
/// Differentiable in x, w, gamma, beta and the residual. Throws UsageError if shapes, types or devices disagree, or training
/// has one value per channel.
Tensor conv_bn_act(const Tensor& x, const Tensor& w, const Conv2dSpec&, const BatchNormState&, bool training, bool relu,
                   const Tensor& residual = {});

/// A convolution that does what a convolution and a batch norm in inference do, for networks that fold once and run often:
///   scale[k] = gamma[k] / sqrt(running_var[k] + eps)    w[k,r,s,c] scale[k]    bias[k] = beta[k] - running_mean[k] scale[k]
struct FoldedConv {
  Tensor w;     ///< [K,R,S,C] in w's type
  Tensor bias;  ///< [K] in the accumulator type
};
/// Outside the autograd graph.
FoldedConv fold_batch_norm(const Tensor& w, const BatchNormState&);

}  // namespace cudenza
