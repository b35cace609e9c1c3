/// Convolutions in bytes, for inference on a CPU: filters packed once, then run often (kernels/direct_conv).
///
///   y = round((sx · sw[k] · sum of x · w + bias[k] + residual) / sy): x and y u8, w s8, the sum an exact integer
#pragma once
#include "engine/core/quantization.h"
#include "engine/core/shape.h"
#include "engine/core/storage.h"
#include "engine/libraries/conv.h"

namespace cudenza {

/// w [filters,terms] to bytes -127 … 127 in units of scale [filters]: each filter is quantized by its own largest weight.
void quantize_filters(const float* w, int64_t filters, int64_t terms, int8_t* bytes, float* scale);

/// Immutable: several threads may run one at the same time.
class Int8Conv {
 public:
  /// Whether its sums are sure to fit into 32 bits.
  static bool fits(const ConvShape&);
  /// What the CPU code was built with: "AMX", "AVX512-VNNI", "AVX-VNNI", "AVX2", or "plain vectors".
  static const char* instructions();

  /// w [out_channels, kernel_h, kernel_w, in_channels] as quantize_filters() gives it, with its scale [out_channels]; bias
  /// [out_channels]. REQUIRES fits().
  Int8Conv(const ConvShape&, const int8_t* w, const float* scale, const float* bias);

  size_t bytes() const { return filters_.bytes(); }
  const Shape& w() const { return w_; }  ///< [out_channels, kernel_h, kernel_w, in_channels]

  /// y is quantized, or without a quantization of `y_type`, f32 or bf16. x's zero is 0. A quantized y whose zero is 0 has a ReLU
  /// by itself.
  struct Epilogue {
    Quantization x, y = {};
    DType y_type = DType::u8;
    const uint8_t* residual = nullptr;  ///< like y
    Quantization residual_is = {};
    bool relu = false;
  };
  /// Overwrites y. The same bits for any number of threads, and for a picture alone or in a batch.
  void forward(const ConvShape&, const uint8_t* x, void* y, const Epilogue&) const;

 private:
  Shape w_;
  Storage filters_, numbers_;  ///< the second: scale and bias of each filter
};

}  // namespace cudenza
