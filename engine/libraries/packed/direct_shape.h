/// A ConvShape as kernels/direct_conv sees it.
#pragma once
#include "engine/libraries/conv.h"
#include "kernels/direct_conv/direct_conv.h"

namespace cudenza {

inline kernels::DirectConvShape direct_shape(const ConvShape& s) {
  return {.batch = s.batch,
          .height = s.height,
          .width = s.width,
          .in_channels = s.in_channels,
          .out_channels = s.out_channels,
          .kernel_h = s.kernel_h,
          .kernel_w = s.kernel_w,
          .stride = s.stride,
          .pad = s.pad};
}

}  // namespace cudenza
