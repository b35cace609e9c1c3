/// Pointwise ops on tensors. All are differentiable in every tensor argument.
#pragma once
#include "engine/core/tensor.h"
#include "kernels/pointwise/pointwise_math.h"

namespace cudenza {

Tensor relu(const Tensor& x);         ///< max(x, 0)
Tensor sigmoid(const Tensor& x);      ///< 1 / (1 + e^-x)
Tensor hard_swish(const Tensor& x);   ///< x max(0, min(6, x + 3)) / 6 (Howard et al., Searching for MobileNetV3, 2019)
Tensor log1p(const Tensor& x);        ///< log(1 + x)
Tensor signed_sqrt(const Tensor& x);  ///< sign(x) sqrt(|x|), with a finite slope at 0: x / sqrt(|x| + 1e-4)
Tensor scale(const Tensor& x, double factor);
Tensor add(const Tensor& x, double value);
// For two tensors of the same shape, dtype and device. operators.h writes these as + - * / and < <= > >= == !=.
Tensor add(const Tensor& a, const Tensor& b);
Tensor add_relu(const Tensor& a, const Tensor& b);  ///< relu(a + b) in one pass: the end of a residual block
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);
/// x[…,c] + bias[c]. bias is [C] in the accumulator dtype of x (f32; f64 for f64).
Tensor add_bias(const Tensor& x, const Tensor& bias);
/// x[…,c] · factor[c]; factor like bias above.
Tensor mul_channels(const Tensor& x, const Tensor& factor);
/// 1 where the relation holds, else 0, in the dtype of both; no gradient.
Tensor compare(kernels::Relation, const Tensor& a, const Tensor& b);
/// The same elements under another shape.
Tensor reshape(const Tensor& x, const Shape& shape);

}  // namespace cudenza
