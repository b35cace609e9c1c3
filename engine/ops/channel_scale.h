/// The excitation of squeeze-and-excitation (Hu et al. 2018): scales each channel of each picture by its own factor.
#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

/// y[n,h,w,c] = x[n,h,w,c] · s[n,c]. x is [N,H,W,C]; s is [N,C] or [N,1,1,C] in x's dtype. Differentiable in both.
Tensor channel_scale(const Tensor& x, const Tensor& s);

}  // namespace cudenza
