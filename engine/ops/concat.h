/// Tensors side by side.
#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

/// a [...,A] and b [...,B] -> [...,A+B]: all extents but the last agree, dtype and device too. Differentiable in both.
Tensor concat_channels(const Tensor& a, const Tensor& b);

}  // namespace cudenza
