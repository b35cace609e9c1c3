/// The product of a fully connected layer.
#pragma once
#include "engine/core/tensor.h"
#include "engine/libraries/packed_conv.h"

namespace cudenza {

/// y = x wᵀ (+ bias): y[n,o] = sum over i of x[n,i] · w[o,i] (+ bias[o])
///
/// x [N,in] and w [out,in] share dtype and device; bias is [out] in accumulator_of(x.dtype()), or undefined. Returns [N,out]
/// in x's dtype. Differentiable in x, w and bias. Throws UsageError if shapes, dtypes or devices do not match.
Tensor linear(const Tensor& x, const Tensor& w, const Tensor& bias = {});

/// The same with weights that were packed once as a 1x1 convolution (conv_of_linear()), on a CPU. Not differentiable.
Tensor linear_packed(const Tensor& x, const PackedConv& w, const Tensor& bias = {});

}  // namespace cudenza
