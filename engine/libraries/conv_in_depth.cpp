#include "engine/libraries/conv_in_depth.h"

#include "kernels/common/extents.h"

namespace cudenza {

using kernels::ceil_div;

std::optional<ConvInDepth> conv_in_depth(const ConvShape& s) {
  const bool is_picture = s.in_channels == 1 || s.in_channels == 3, has_blocks = s.stride == 2 || s.stride == 4;
  if (size_of(s.dtype) != 2 || !is_picture || !has_blocks || s.kernel_h <= s.stride || s.kernel_w <= s.stride) return {};
  const int64_t lead = (s.stride - s.pad % s.stride) % s.stride;
  ConvInDepth in_depth;
  ConvShape& shape = in_depth.shape;
  shape = s;
  shape.kernel_h = ceil_div(s.kernel_h + lead, s.stride), shape.kernel_w = ceil_div(s.kernel_w + lead, s.stride);
  shape.height = s.out_height() + shape.kernel_h - 1, shape.width = s.out_width() + shape.kernel_w - 1;
  shape.stride = 1, shape.pad = 0;
  in_depth.x = {s.batch, s.height, s.width, s.in_channels, s.stride, s.pad + lead, shape.height, shape.width};
  in_depth.w = {s.out_channels, s.kernel_h, s.kernel_w, s.in_channels, s.stride, lead, shape.kernel_h, shape.kernel_w};
  shape.in_channels = in_depth.x.out_channels();
  return in_depth;
}

}  // namespace cudenza
