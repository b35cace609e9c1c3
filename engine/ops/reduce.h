/// Sums, means and largest values of tensors.
#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

// Differentiable.
/// The sum of all elements: a scalar (rank 0) in accumulator_of(x.dtype()), so that 16-bit x do not overflow or lose it.
Tensor sum(const Tensor& x);
/// The mean of all elements: a scalar in accumulator_of(x.dtype()). x must not be empty.
Tensor mean(const Tensor& x);
/// The mean over the positions of each picture: x [N,H,W,C] -> [N,C] in x's dtype. It is the squeeze of squeeze-and-excitation
/// and the average pool before a network's head; reshape() to [N,1,1,C] for a 1x1 convolution.
Tensor spatial_mean(const Tensor& x);

// Data only: the results stand outside the autograd graph.
/// Where the largest value along the last axis is, the first of equals: x […,C] -> […] i64. NaN counts as the largest.
Tensor argmax(const Tensor& x);
/// The largest value along the last axis: x […,C] -> […] in x's dtype. NaN counts as the largest.
Tensor row_max(const Tensor& x);
/// The sum along all axes but the last: x […,C] -> [C] in accumulator_of(x.dtype()). It is the gradient of a bias.
Tensor sum_rows(const Tensor& x);
/// The same of a·b, elementwise: the gradient of a factor for each channel. a and b agree in shape, dtype and device.
Tensor sum_rows_of_products(const Tensor& a, const Tensor& b);
/// The sum of squares of all elements: a scalar in accumulator_of(x.dtype()).
Tensor sum_squares(const Tensor& x);

}  // namespace cudenza
