/// What the bytes of a quantized tensor stand for.
#pragma once
#include "engine/core/dtype.h"

namespace cudenza {

/// A byte b stands for (b - zero) · scale.
struct Quantization {
  float scale = 0;        ///< 0: none, the tensor holds plain numbers
  int zero = 0;           ///< the byte of 0: 0 where no number is negative, else 128
  DType of = DType::f32;  ///< f32 or bf16: the type of the computation around it, which dequantized() gives back
  explicit operator bool() const { return scale > 0; }
  bool operator==(const Quantization&) const = default;
};

}  // namespace cudenza
