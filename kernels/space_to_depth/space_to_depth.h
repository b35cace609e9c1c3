/// Space to depth: blocks of neighbouring pixels become channels. A convolution with a stride over a picture's 3 channels, which
/// tensor cores are nearly idle in, becomes one without a stride over many channels (engine/libraries/conv_in_depth.h).
///
///   y[n,i,j,(a·block + b)·C + c] = x[n, i·block + a - offset, j·block + b - offset, c]
///
/// and 0 where that lies outside x, or past block²·C. Instantiated for bf16 and f16, C of 1 and 3, blocks of 2 and 4; the
/// reference for every type and extent.
#pragma once
#include <cstdint>

#include "kernels/common/backend.h"
#include "kernels/common/extents.h"
#include "kernels/common/float16.h"

namespace cudenza::kernels {

struct DepthShape {
  int64_t batch = 0, height = 0, width = 0, channels = 0;  ///< of x
  int64_t block = 0, offset = 0;
  int64_t out_height = 0, out_width = 0;  ///< of y: enough that every element of x stands in it

  HOST_DEVICE int64_t out_channels() const { return ceil_div<int64_t>(block * block * channels, 8) * 8; }
  HOST_DEVICE int64_t out_blocks() const { return batch * out_height * out_width; }
  HOST_DEVICE int64_t elements() const { return batch * height * width * channels; }
};

/// y [batch, out_height, out_width, out_channels()], aligned to 16 bytes, from x [batch, height, width, channels].
template <class T> void space_to_depth(Reference, const DepthShape&, const T* x, T* y);
template <class T> void space_to_depth(Cpu, const DepthShape&, const T* x, T* y);
template <class T> void space_to_depth(Gpu, const DepthShape&, const T* x, T* y);

/// The way back: x from the elements of y that are its own.
template <class T> void depth_to_space(Reference, const DepthShape&, const T* y, T* x);
template <class T> void depth_to_space(Cpu, const DepthShape&, const T* y, T* x);
template <class T> void depth_to_space(Gpu, const DepthShape&, const T* y, T* x);

}  // namespace cudenza::kernels
