/// Concatenation of tensors.
#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

/// a [...,A] and b [...,B] -> [...,A+B]. All other extents, dtype and device agree. Differentiable in both.
Tensor concat_channels(const Tensor& a, const Tensor& b);

}  // namespace cudenza
