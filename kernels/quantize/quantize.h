/// Numbers as bytes and back: a byte b stands for (b - zero) · scale.
///
///   quantize:    b = round(x / scale + zero), kept between 0 and 255; the even integer of two that are as near; NaN becomes 0
///   dequantize:  x = (b - zero) · scale
///
/// x / scale + zero is computed as the fused x · (1 / scale) + zero. On a CPU alone, for f32 and bf16.
#pragma once
#include <cstdint>

#include "kernels/common/backend.h"
#include "kernels/common/float16.h"

namespace cudenza::kernels {

struct ByteScale {
  float scale;
  int zero;
};

template <class T> void quantize(Reference, const T* x, uint8_t* bytes, int64_t count, ByteScale);
template <class T> void quantize(Cpu, const T* x, uint8_t* bytes, int64_t count, ByteScale);

template <class T> void dequantize(Cpu, const uint8_t* bytes, T* x, int64_t count, ByteScale);

}  // namespace cudenza::kernels
