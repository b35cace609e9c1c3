/// Two-dimensional convolution (cross-correlation, as usual in deep learning); equations in engine/libraries/conv.h.
#pragma once
#include <string_view>

#include "engine/core/tensor.h"
#include "engine/libraries/conv.h"
#include "engine/libraries/packed_conv.h"

namespace cudenza {

/// The same for height and width; zero padding.
struct Conv2dSpec {
  int stride = 1, pad = 0;
};

/// y[n,i,j,k] = sum over r,s,c of x[n, i·stride - pad + r, j·stride - pad + s, c] · w[k,r,s,c] (+ bias[k])
///
/// x [N,H,W,C] and w [K,R,S,C] share dtype and device; bias is [K] in accumulator_of(x.dtype()), or undefined. Returns
/// [N, (H + 2 pad - R) / stride + 1, (W + 2 pad - S) / stride + 1, K] in x's dtype. Sums are in accumulator_of(x.dtype()).
/// Differentiable in x, w and bias. Throws UsageError if shapes, dtypes or devices do not match.
Tensor conv2d(const Tensor& x, const Tensor& w, const Conv2dSpec& spec = {}, const Tensor& bias = {});

/// y = relu(conv2d(x, w) + bias + residual) in one library call; bias and residual may be undefined, relu false. The residual
/// has y's shape and dtype. Keeps y, not the input of the ReLU, for the backward pass. Also differentiable in the residual.
Tensor conv2d_act(const Tensor& x, const Tensor& w, const Conv2dSpec& spec, const Tensor& bias, bool relu,
                  const Tensor& residual = {});

/// conv2d_act() with filters that were packed once, on a CPU. Not differentiable.
Tensor conv2d_packed(const Tensor& x, const PackedConv& w, const Conv2dSpec& spec, const Tensor& bias, bool relu,
                     const Tensor& residual = {});

/// Frozen bias in the dtype that the device's library expects for arrays of dtype `of_arrays`: cuDNN needs 16 bits with 16
/// bits. Convert once and keep it, to save the conversion in every conv2d() and conv2d_act().
Tensor bias_for_library(const Tensor& bias, DType of_arrays);

/// The ConvShape of a convolution of x with w. Does all checks of conv2d(); errors name `op`.
ConvShape conv_shape(std::string_view op, const Tensor& x, const Tensor& w, const Conv2dSpec& spec, const Tensor& bias = {});
/// The same for filters of this shape, of x's dtype and on its device.
ConvShape conv_shape(std::string_view op, const Tensor& x, const Shape& w, const Conv2dSpec& spec, const Tensor& bias = {});

}  // namespace cudenza
