/// A ConvShape as Winograd's algorithm sees it, and the two types that it serves.
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

/// Calls f<float>() or f<bf16>().
template <class F> void dispatch_f32_or_bf16(DType dtype, F&& f) {
  if (dtype == DType::f32) f.template operator()<float>();
  else f.template operator()<bf16>();
}

}  // namespace cudenza
