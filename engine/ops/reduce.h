/// Sums, means and maxima of tensors.
#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

// Differentiable.
/// The sum of all elements: a scalar (rank 0) in accumulator_of(x.dtype()), which keeps range and precision for 16-bit x.
Tensor sum(const Tensor& x);
/// The mean of all elements: a scalar in accumulator_of(x.dtype()). x must not be empty.
Tensor mean(const Tensor& x);
/// The mean over height and width: x [N,H,W,C] -> [N,C] in x's dtype. Used as the squeeze of squeeze-and-excitation and as
/// global average pooling before the head; reshape() to [N,1,1,C] for a 1x1 convolution.
Tensor spatial_mean(const Tensor& x);

// Data only: the results are outside the autograd graph.
/// Index of the first maximum along the last axis: x […,C] -> […] i64. NaN counts as the largest.
Tensor argmax(const Tensor& x);
/// The maximum along the last axis: x […,C] -> […] in x's dtype. NaN counts as the largest.
Tensor row_max(const Tensor& x);
/// The sum over all axes but the last: x […,C] -> [C] in accumulator_of(x.dtype()). This is the gradient of a bias.
Tensor sum_rows(const Tensor& x);
/// The same for a·b, elementwise: the gradient of a factor per channel. a and b agree in shape, dtype and device.
Tensor sum_rows_of_products(const Tensor& a, const Tensor& b);
/// The sum of squares of all elements: a scalar in accumulator_of(x.dtype()).
Tensor sum_squares(const Tensor& x);

}  // namespace cudenza
