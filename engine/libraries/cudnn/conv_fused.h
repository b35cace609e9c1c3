/// A convolution in one kernel with the batch norms beside it, where cuDNN has such a kernel: f16 on the cards listed in
/// bench/results/cudnn_plans.md. Each function returns false, with nothing done, where it has none; the caller then takes the
/// steps one by one. (y with its statistics alone is ConvBackend::forward_with_stats.)
///
/// They save passes over memory: the normalised input is never stored, and y is not read again for its statistics.
#pragma once
#include "engine/libraries/conv.h"

namespace cudenza {

/// y = conv(relu(x · scale[c] + shift[c]), w), with the sums over [N,H,W] of y and of its squares.
struct NormReluConv {
  const void* x = nullptr;      ///< as ConvShape says
  const void* scale = nullptr;  ///< [in_channels] in the type of x: gamma inv_std
  const void* shift = nullptr;  ///< [in_channels] in the type of x: beta - mean gamma inv_std
  const void* w = nullptr;
  void* y = nullptr;
  float* sum = nullptr;             ///< [out_channels]
  float* sum_of_squares = nullptr;  ///< [out_channels]
};
bool norm_relu_conv_with_stats(int device, const ConvShape&, const NormReluConv&);

/// The way back through conv(relu(norm(x)), w) with norm(x) = gamma (x - mean) inv_std + beta, as far as one pass goes:
/// d = the gradient of norm(x), dgamma and dbeta. The gradient of x is then eq_dy[c] d + eq_x[c] x + eq_one[c].
struct ConvBackwardNormRelu {
  const void* dy = nullptr;  ///< gradient of the convolution's result
  const void* w = nullptr;
  const void* x = nullptr;                                                             ///< what went into the norm
  const float *mean = nullptr, *inv_std = nullptr, *gamma = nullptr, *beta = nullptr;  ///< [in_channels]
  void* d = nullptr;
  float *dgamma = nullptr, *dbeta = nullptr, *eq_dy = nullptr, *eq_x = nullptr, *eq_one = nullptr;  ///< [in_channels]
};
bool conv_backward_data_norm_relu(int device, const ConvShape&, const ConvBackwardNormRelu&);

}  // namespace cudenza
