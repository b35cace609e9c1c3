/// Two-dimensional convolution on tensors. Cross-correlation, as everywhere in deep learning; equations in conv_backend.h.
#pragma once
#include <string_view>

#include "engine/core/tensor.h"
#include "engine/libraries/conv.h"

namespace cudenza {

/// Alike along height and width; zeros stand around the picture.
struct Conv2dSpec {
  int stride = 1, pad = 0;
};

/// y[n,i,j,k] = sum over r,s,c of x[n, i·stride - pad + r, j·stride - pad + s, c] · w[k,r,s,c] (+ bias[k])
///
/// x [N,H,W,C] and w [K,R,S,C] share dtype and device; bias is [K] in accumulator_of(x.dtype()), or undefined. Returns
/// [N, (H + 2 pad - R) / stride + 1, (W + 2 pad - S) / stride + 1, K] in x's dtype. Sums are in accumulator_of(x.dtype()).
/// Differentiable in x, w and bias. Throws UsageError where shapes, types or devices do not fit.
Tensor conv2d(const Tensor& x, const Tensor& w, const Conv2dSpec& spec = {}, const Tensor& bias = {});

/// y = relu(conv2d(x, w) + bias + residual) in one call of the library; bias and residual may be undefined, relu false. The
/// residual is like y. Keeps y, not what went into the ReLU, for the backward pass. Differentiable in the residual too.
Tensor conv2d_act(const Tensor& x, const Tensor& w, const Conv2dSpec& spec, const Tensor& bias, bool relu,
                  const Tensor& residual = {});

/// A bias that no gradient is wanted of, in the type that its device's library takes for arrays of type `of_arrays`: cuDNN wants
/// 16 bits with 16 bits. Kept, it spares every call of conv2d() and conv2d_act() the conversion.
Tensor bias_for_library(const Tensor& bias, DType of_arrays);

/// What conv_backend.h is told of a convolution of x with w. Checks all that conv2d() checks, and names `op` in its errors.
ConvShape conv_shape(std::string_view op, const Tensor& x, const Tensor& w, const Conv2dSpec& spec, const Tensor& bias = {});

}  // namespace cudenza
