/// Convolution as three functions on raw pointers, with an implementation for each library: the seam between the
/// differentiable ops (conv.h, conv_bn_act.h) and oneDNN, cuDNN, Winograd's algorithm and our reference loops.
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
  /// Of one of the three functions: two for each multiply-add.
  double flops() const { return 2.0 * batch * out_height() * out_width() * out_channels * kernel_h * kernel_w * in_channels; }
  bool operator==(const ConvShape&) const = default;
  std::string text() const;  ///< "bf16 x[64,56,56,64] w[64,3,3,64] stride 1 pad 1"
};

/// What is done to each sum before it is stored: y = relu(sum + bias[k] + residual[n,i,j,k]), parts absent where null.
struct ConvEpilogue {
  const void* bias = nullptr;      ///< [out_channels] in accumulator_of(dtype), or, if it is rounded, in dtype
  const void* residual = nullptr;  ///< like y; may be y itself
  bool relu = false;
  bool bias_is_rounded = false;  ///< as cuDNN takes it; not known to the CPU's libraries
};

class ConvBackend {
 public:
  virtual ~ConvBackend() = default;
  virtual std::string_view name() const = 0;
  virtual bool supports(const ConvShape&) const = 0;
  // All write their result whole. On a GPU they are enqueued on the device's stream and do not synchronise.
  virtual void forward(const ConvShape&, const void* x, const void* w, void* y, const ConvEpilogue& = {}) const = 0;
  /// forward() without an epilogue, and in the same pass the sums over [N,H,W] of y and of its squares, [out_channels] in f32.
  /// Returns false, with nothing done, where the library has no such kernel.
  virtual bool forward_with_stats(const ConvShape&, const void* /*x*/, const void* /*w*/, void* /*y*/, float* /*sum*/,
                                  float* /*sum_of_squares*/) const {
    return false;
  }
  virtual void backward_data(const ConvShape&, const void* dy, const void* w, void* dx) const = 0;
  virtual void backward_weights(const ConvShape&, const void* x, const void* dy, void* dw) const = 0;
};

const ConvBackend& conv_reference();      ///< CPU, every floating dtype, plain loops: what the others are held against
const ConvBackend& conv_onednn();         ///< CPU, f32, bf16 and f16 (what oneDNN lacks goes through f32)
const ConvBackend& conv_winograd();       ///< CPU, f32 and bf16: 3x3 and 5x5 without a stride, in fewer multiplications
const ConvBackend& conv_gpu(int device);  ///< cuDNN 9 (conv_cudnn.cpp); the reference loops in the SIMT build

/// Whether conv_winograd() computes this one, and in less time than oneDNN.
bool winograd_is_faster(const ConvShape&);

/// The backend that serves a convolution on a device: Winograd's algorithm where it is faster, oneDNN where it can, else the
/// reference; cuDNN on a GPU.
const ConvBackend& conv_backend(Device, const ConvShape&);

}  // namespace cudenza
