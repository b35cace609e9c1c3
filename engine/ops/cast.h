#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

/// x in another floating type; the gradient is cast back. Returns x itself if it has that type.
Tensor cast(const Tensor& x, DType dtype);

}  // namespace cudenza
