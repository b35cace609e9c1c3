/// Convolution as three functions on raw pointers. The ops (engine/ops/conv.h, conv_bn_act.h) call oneDNN, cuDNN, Winograd's
/// algorithm and our reference loops through them.
///
///   y[n,i,j,k]  = sum over r,s,c of x[n, i*stride - pad + r, j*stride - pad + s, c] · w[k,r,s,c]
///   dx[n,p,q,c] = sum over the (i,j,r,s) that meet (p,q), and k, of dy[n,i,j,k] · w[k,r,s,c]
///   dw[k,r,s,c] = sum over n,i,j of dy[n,i,j,k] · x[n, i*stride - pad + r, j*stride - pad + s, c]
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/core/device.h"
#include "engine/core/dtype.h"

namespace cudenza {

/// x is [batch, height, width, in_channels], w [out_channels, kernel_h, kernel_w, in_channels] and y [batch, out_height(),
/// out_width(), out_channels], all of `dtype`.
struct ConvShape {
  DType dtype = DType::f32;
  int64_t batch = 0, height = 0, width = 0, in_channels = 0;
  int64_t out_channels = 0, kernel_h = 0, kernel_w = 0;
  int64_t stride = 1, pad = 0;

  int64_t out_height() const { return (height + 2 * pad - kernel_h) / stride + 1; }
  int64_t out_width() const { return (width + 2 * pad - kernel_w) / stride + 1; }
  int64_t filter_count() const { return out_channels * kernel_h * kernel_w * in_channels; }  ///< numbers in w
  /// Of one of the three functions; a multiply-add counts as two.
  double flops() const { return 2.0 * batch * out_height() * out_width() * out_channels * kernel_h * kernel_w * in_channels; }
  bool operator==(const ConvShape&) const = default;
  std::string text() const;  ///< "bf16 x[64,56,56,64] w[64,3,3,64] stride 1 pad 1"
};

/// Applied to each sum before it is stored: y = relu(sum + bias[k] + residual[n,i,j,k]); null parts are left out.
struct ConvEpilogue {
  const void* bias = nullptr;      ///< [out_channels] in accumulator_of(dtype), or in dtype if it is rounded
  const void* residual = nullptr;  ///< like y; may be y itself
  bool relu = false;
  bool bias_is_rounded = false;  ///< as cuDNN expects it; the CPU libraries do not support it
};

class ConvBackend {
 public:
  virtual ~ConvBackend() = default;
  virtual std::string_view name() const = 0;
  virtual bool supports(const ConvShape&) const = 0;
  // All overwrite the whole result. On a GPU they enqueue on the device's stream and do not synchronise.
  virtual void forward(const ConvShape&, const void* x, const void* w, void* y, const ConvEpilogue& = {}) const = 0;
  /// forward() without an epilogue. The same pass also computes the sums of y and of y² over [N,H,W], each [out_channels] in
  /// f32. Returns false and does nothing if the library has no such kernel.
  virtual bool forward_with_stats(const ConvShape&, const void* /*x*/, const void* /*w*/, void* /*y*/, float* /*sum*/,
                                  float* /*sum_of_squares*/) const {
    return false;
  }
  virtual void backward_data(const ConvShape&, const void* dy, const void* w, void* dx) const = 0;
  virtual void backward_weights(const ConvShape&, const void* x, const void* dy, void* dw) const = 0;
};

const ConvBackend& conv_reference();      ///< CPU, every floating dtype, plain loops: the reference for the others
const ConvBackend& conv_onednn();         ///< CPU, f32, bf16 and f16 (computed in f32 where oneDNN lacks the type)
const ConvBackend& conv_winograd();       ///< CPU, f32 and bf16: 3x3 and 5x5 with stride 1, in fewer multiplications
const ConvBackend& conv_gpu(int device);  ///< cuDNN 9 (cudnn/conv.cpp); the reference loops in the SIMT build

/// Whether Winograd's algorithm needs at most half the multiplications of plain sums, for tiles enough. REQUIRES support.
bool winograd_saves(const ConvShape&);
/// Whether conv_winograd() supports this convolution and is faster than oneDNN.
bool winograd_is_faster(const ConvShape&);

/// The backend on a device. CPU: Winograd where it is faster, else oneDNN if it supports the dtype, else the reference. GPU:
/// cuDNN.
const ConvBackend& conv_backend(Device, const ConvShape&);

}  // namespace cudenza
