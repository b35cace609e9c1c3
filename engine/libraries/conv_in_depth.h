/// A network's first convolution, rearranged for tensor cores, which are idle with only 3 channels. With s x s blocks of
/// pixels as channels (kernels/space_to_depth), a convolution of stride s becomes one of stride 1 over 3·s² channels:
///
///   x2[n,i,j,(a,b,c)] = x[n, i·s + a - pad - lead, …, c]     w2[k,q,p,(a,b,c)] = w[k, q·s + a - lead, …, c]
///   y[n,i,j,k] = sum over q,p,a,b,c of x2[n,i+q,j+p,(a,b,c)] · w2[k,q,p,(a,b,c)]
///
/// with lead = -pad modulo s, so that the blocks of x and w start together. ResNet's 7x7 / 2 and AlexNet's 11x11 / 4 become 4x4.
#pragma once
#include <optional>

#include "engine/libraries/conv.h"
#include "kernels/space_to_depth/space_to_depth.h"

namespace cudenza {

struct ConvInDepth {
  ConvShape shape;           ///< of the convolution of x2 with w2: stride 1, no padding, the same y
  kernels::DepthShape x, w;  ///< how x becomes x2, and w becomes w2
};

/// nullopt if it does not pay: dtypes other than bf16 and f16, channels other than 1 or 3, strides other than 2 or 4, small
/// filters.
std::optional<ConvInDepth> conv_in_depth(const ConvShape&);

}  // namespace cudenza
