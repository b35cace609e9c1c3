/// What a convolution does to its sums before it stores them.
#pragma once
#include <cstdint>

namespace cudenza::kernels {

/// y = relu(sum + bias[k] + residual[n,i,j,k]), parts absent where null.
template <class T> struct ConvEpilogue {
  const float* bias = nullptr;
  const T* residual = nullptr;  ///< like y; may be y
  bool relu = false;
};

/// Of integer sums: y = relu(sum · scale[k] + bias[k] + residual[n,i,j,k] · residual_scale), computed from left to right, each
/// product and its sum rounded once (fused). Where y is u8 it is then rounded to the nearest integer, the even one of two, and
/// kept between 0 and 255.
struct Int8Epilogue {
  const float* scale = nullptr;  ///< never null
  const float* bias = nullptr;   ///< never null
  const uint8_t* residual = nullptr;
  float residual_scale = 0;
  bool relu = false;
};

}  // namespace cudenza::kernels
