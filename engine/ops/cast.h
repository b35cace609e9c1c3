#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

/// x in another floating dtype; the gradient is cast back. Returns x itself if it already has that dtype.
Tensor cast(const Tensor& x, DType dtype);

}  // namespace cudenza
