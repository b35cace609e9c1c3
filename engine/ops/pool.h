/// Pooling over pictures x [N,H,W,C]: y [N,OH,OW,C] in x's type. Semantics are PyTorch's (torch.nn.functional), in its
/// order of dimensions but for the channels, which come last. All are differentiable in x.
#pragma once
#include <cstdint>

#include "engine/core/tensor.h"

namespace cudenza {

struct MaxPool2dSpec {
  int64_t kernel = 2;      ///< side of the square window
  int64_t stride = 0;      ///< 0: the kernel's side
  int64_t pad = 0;         ///< on every border, at most kernel / 2; padding never wins
  bool ceil_mode = false;  ///< a window may hang over the end, if it starts in the picture or its left padding
};

struct AvgPool2dSpec {
  int64_t kernel = 2;
  int64_t stride = 0;
  int64_t pad = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;  ///< padding counts as zeros (but not what ceil_mode reaches beyond it)
};

/// y[n,i,j,c] = max over the window. The first of equal values gets the gradient; NaN wins over all.
/// OH = floor((H + 2 pad - kernel) / stride) + 1, with ceil_mode rounded up; OW likewise. Throws UsageError if there is none.
Tensor max_pool2d(const Tensor& x, const MaxPool2dSpec&);
/// y[n,i,j,c] = mean over the window.
Tensor avg_pool2d(const Tensor& x, const AvgPool2dSpec&);

/// The mean (maximum) of each of out_h x out_w windows that cover the picture: rows floor(i*H/out_h) up to, not including,
/// ceil((i+1)*H/out_h), columns likewise. 1 x 1 is global pooling. x itself where it already has that size.
Tensor adaptive_avg_pool2d(const Tensor& x, int64_t out_h, int64_t out_w);
Tensor adaptive_max_pool2d(const Tensor& x, int64_t out_h, int64_t out_w);

}  // namespace cudenza
