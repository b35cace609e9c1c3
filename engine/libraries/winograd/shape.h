/// A ConvShape as Winograd's algorithm sees it.
#pragma once
#include "engine/libraries/conv.h"
#include "kernels/winograd/winograd.h"

namespace cudenza {

inline kernels::WinogradShape winograd_shape(const ConvShape& s) {
  return {.batch = s.batch,
          .height = s.height,
          .width = s.width,
          .in_channels = s.in_channels,
          .out_channels = s.out_channels,
          .taps = s.kernel_h,
          .pad = s.pad};
}

}  // namespace cudenza
