/// Pooling over pictures x [N,H,W,C]: y [N,OH,OW,C] in x's dtype. Semantics are PyTorch's (torch.nn.functional), but channels
/// come last. All are differentiable in x.
#pragma once
#include <cstdint>

#include "engine/core/tensor.h"

namespace cudenza {

struct MaxPool2dSpec {
  int64_t kernel = 2;      ///< side of the square window
  int64_t stride = 0;      ///< 0: the kernel's side
  int64_t pad = 0;         ///< on every border, at most kernel / 2; padding is never the maximum
  bool ceil_mode = false;  ///< windows may reach beyond the end if they start in the picture or its left padding
};

struct AvgPool2dSpec {
  int64_t kernel = 2;
  int64_t stride = 0;
  int64_t pad = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;  ///< padding counts as zeros (but not the part that ceil_mode adds beyond it)
};

/// y[n,i,j,c] = max over the window. The first of equal values gets the gradient; NaN counts as the largest.
/// OH = floor((H + 2 pad - kernel) / stride) + 1, rounded up with ceil_mode; OW likewise. Throws UsageError if it is empty.
/// Of quantized x the result is quantized in the same way.
Tensor max_pool2d(const Tensor& x, const MaxPool2dSpec&);
/// y[n,i,j,c] = mean over the window.
Tensor avg_pool2d(const Tensor& x, const AvgPool2dSpec&);

/// The mean (maximum) of each of out_h x out_w windows that cover the picture: rows from floor(i*H/out_h) to
/// ceil((i+1)*H/out_h), exclusive; columns likewise. 1 x 1 is global pooling. Returns x itself if it already has that size.
Tensor adaptive_avg_pool2d(const Tensor& x, int64_t out_h, int64_t out_w);
Tensor adaptive_max_pool2d(const Tensor& x, int64_t out_h, int64_t out_w);

}  // namespace cudenza
