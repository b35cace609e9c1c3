/// Conversion between the engine's layouts (pictures [N,H,W,C], filters [K,R,S,C]) and those of files (NCHW, OIHW).
#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

// Every dtype; differentiable for floating ones. The result is a copy.
Tensor nchw_to_nhwc(const Tensor& x);  ///< x [N,C,H,W] -> [N,H,W,C]
Tensor nhwc_to_nchw(const Tensor& x);  ///< x [N,H,W,C] -> [N,C,H,W]
Tensor oihw_to_krsc(const Tensor& w);  ///< w [O,I,H,W] -> [K,R,S,C] with K = O, R = H, S = W, C = I
Tensor krsc_to_oihw(const Tensor& w);  ///< w [K,R,S,C] -> [O,I,H,W]

}  // namespace cudenza
