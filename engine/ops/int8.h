/// Ops in bytes (Tensor::quantization), for inference on a CPU. None is differentiable. max_pool2d() takes quantized tensors too.
#pragma once
#include "engine/core/tensor.h"
#include "engine/libraries/int8_conv.h"
#include "engine/ops/conv.h"

namespace cudenza {

/// x f32 or bf16 as bytes of this scale and zero: rounded to the nearest, and cut off where they end. The result's
/// quantization().of is x's dtype. Throws UsageError for other dtypes, and for x on a GPU.
Tensor quantized(const Tensor& x, Quantization);
/// What the bytes stand for, in quantization().of; x itself if it is not quantized.
Tensor dequantized(const Tensor& x);

/// conv2d_act() of quantized x [N,H,W,C], whose zero is 0, with filters that were quantized once. The residual is quantized, or
/// undefined. Returns bytes of quantization `y`, or if that is none numbers of the type x.quantization().of.
Tensor conv2d_int8(const Tensor& x, const Int8Conv& w, const Conv2dSpec& spec, bool relu, const Tensor& residual, Quantization y);
/// linear() of quantized x [N,in]; w is [out,1,1,in]. Returns [N,out] in x.quantization().of.
Tensor linear_int8(const Tensor& x, const Int8Conv& w);

}  // namespace cudenza
