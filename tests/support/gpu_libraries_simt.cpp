/// cuDNN and cuBLASLt in the SIMT build: "device" memory is the host's there, so the reference loops stand in for them and the
/// engine's GPU path runs. They are enqueued, as the libraries' kernels are.
#include <algorithm>
#include <functional>
#include <vector>

#include "engine/core/dispatch.h"
#include "engine/libraries/conv.h"
#include "engine/libraries/gemm.h"
#include "kernels/simt/tracer.h"

namespace cudenza {
namespace {

/// Enqueues what overwrites all of y.
void enqueue_for(const void* y, int64_t elements, DType dtype, std::function<void()> work) {
  simt::enqueue([=] {
    work();
    simt::tell_wrote(y, static_cast<size_t>(elements) * size_of(dtype));
  });
}

int64_t outputs(const ConvShape& s) { return s.batch * s.out_height() * s.out_width() * s.out_channels; }

class EnqueuedConv final : public ConvBackend {
 public:
  std::string_view name() const override { return "reference, enqueued"; }
  bool supports(const ConvShape& s) const override { return conv_reference().supports(s); }
  void forward(const ConvShape& s, const void* x, const void* w, void* y, const ConvEpilogue& e) const override {
    enqueue_for(y, outputs(s), s.dtype, [=] {
      std::vector<float> widened;
      ConvEpilogue epilogue = e;
      if (e.bias_is_rounded) {
        dispatch_floating("conv2d", s.dtype, [&]<class T>() {
          widened.assign(static_cast<const T*>(e.bias), static_cast<const T*>(e.bias) + s.out_channels);
        });
        epilogue.bias = widened.data(), epilogue.bias_is_rounded = false;
      }
      conv_reference().forward(s, x, w, y, epilogue);
    });
  }
  /// As cuDNN: f16 alone, channels in multiples of 8.
  bool forward_with_stats(const ConvShape& s, const void* x, const void* w, void* y, float* sum,
                          float* sum_of_squares) const override {
    if (s.dtype != DType::f16 || s.in_channels % 8 != 0 || s.out_channels % 8 != 0) return false;
    enqueue_for(y, outputs(s), s.dtype, [=] { conv_reference().forward(s, x, w, y, {}); });
    enqueue_for(sum, s.out_channels, DType::f32, [=] { std::fill_n(sum, s.out_channels, 0.f); });
    enqueue_for(sum_of_squares, s.out_channels, DType::f32, [=] {
      std::fill_n(sum_of_squares, s.out_channels, 0.f);
      for (int64_t i = 0; i < outputs(s); ++i) {
        const float value = static_cast<float>(static_cast<const f16*>(y)[i]);
        sum[i % s.out_channels] += value;
        sum_of_squares[i % s.out_channels] += value * value;
      }
    });
    return true;
  }
  void backward_data(const ConvShape& s, const void* dy, const void* w, void* dx) const override {
    const int64_t inputs = s.batch * s.height * s.width * s.in_channels;
    enqueue_for(dx, inputs, s.dtype, [=] { conv_reference().backward_data(s, dy, w, dx); });
  }
  void backward_weights(const ConvShape& s, const void* x, const void* dy, void* dw) const override {
    const int64_t weights = s.out_channels * s.kernel_h * s.kernel_w * s.in_channels;
    enqueue_for(dw, weights, s.dtype, [=] { conv_reference().backward_weights(s, x, dy, dw); });
  }
};

}  // namespace

const ConvBackend& conv_gpu(int) {
  static const EnqueuedConv instance;
  return instance;
}

void gemm_gpu(Device, const GemmShape& shape, const void* a, const void* b, void* y, const void* bias) {
  enqueue_for(y, shape.m * shape.n, shape.dtype, [=] { gemm_reference(shape, a, b, y, bias); });
}

}  // namespace cudenza
