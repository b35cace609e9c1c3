/// A network's first convolution for tensor cores. Over a picture's 3 channels they find nothing to do; with its s x s blocks of
/// pixels as channels (kernels/space_to_depth), a convolution of stride s becomes one of stride 1 over 3·s² channels:
///
///   x2[n,i,j,(a,b,c)] = x[n, i·s + a - pad - lead, …, c]     w2[k,q,p,(a,b,c)] = w[k, q·s + a - lead, …, c]
///   y[n,i,j,k] = sum over q,p,a,b,c of x2[n,i+q,j+p,(a,b,c)] · w2[k,q,p,(a,b,c)]
///
/// with lead = -pad modulo s, so that the blocks of x and of w begin together. ResNet's 7x7 / 2 is a 4x4, and so is AlexNet's
/// 11x11 / 4.
#pragma once
#include <optional>

#include "engine/libraries/conv.h"
#include "kernels/space_to_depth/space_to_depth.h"

namespace cudenza {

struct ConvInDepth {
  ConvShape shape;           ///< of the convolution of x2 with w2: stride 1, no padding, the same y
  kernels::DepthShape x, w;  ///< how x2 comes of x, and w2 of w
};

/// None where there is nothing to gain: other types than bf16 and f16, more than 3 channels, no stride, small filters.
std::optional<ConvInDepth> conv_in_depth(const ConvShape&);

}  // namespace cudenza
