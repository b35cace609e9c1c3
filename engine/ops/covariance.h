/// Second-order statistics of feature maps: which channels are active together.
#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

/// The covariance of every two channels over height and width (Gatys et al., Image Style Transfer Using Convolutional Neural
/// Networks, 2016, with the means taken off):
///   y[n,i,j] = 1 / (H W) sum over p of (x[n,p,i] - mean[n,i]) (x[n,p,j] - mean[n,j])
///
/// x [N,H,W,C] -> [N,C,C] in x's dtype, computed in accumulator_of(x.dtype()). Differentiable. Throws UsageError if x is no
/// picture.
Tensor channel_covariance(const Tensor& x);

}  // namespace cudenza
