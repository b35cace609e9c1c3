/// cuDNN and cuBLASLt in the SIMT build: "device" memory is the host's there, so the reference loops stand in for them and the
/// engine's GPU path runs. They are enqueued, as the libraries' kernels are.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "engine/core/dispatch.h"
#include "engine/core/gpu.h"
#include "engine/libraries/conv.h"
#include "engine/libraries/gemm.h"
#include "kernels/simt/tracer.h"
#include "tests/support/dry_device.h"

namespace cudenza {
namespace {

/// Elements of the arrays of a convolution.
struct Sizes {
  double x, w, y;

  explicit Sizes(const ConvShape& s)
      : x(static_cast<double>(s.batch * s.height * s.width * s.in_channels)),
        w(static_cast<double>(s.out_channels * s.kernel_h * s.kernel_w * s.in_channels)),
        y(static_cast<double>(s.batch * s.out_height() * s.out_width() * s.out_channels)) {}
};

/// Enqueues a library's work, which overwrites `elements` of y and reads so many.
void enqueue_for(int device, const void* y, double elements, DType dtype, std::string what, double flops, double read,
                 std::function<void()> work) {
  const auto told = [=, size = static_cast<double>(size_of(dtype))] {
    simt::tell_library({.what = what, .flops = flops, .bytes_read = read * size, .bytes_written = elements * size});
    if (testing::device_is_dry()) return;
    work();
    simt::tell_wrote(y, static_cast<size_t>(elements * size));
  };
  simt::enqueue(told, gpu::stream(device));
}

class EnqueuedConv final : public ConvBackend {
 public:
  explicit EnqueuedConv(int device) : device_(device) {}
  std::string_view name() const override { return "reference, enqueued"; }
  bool supports(const ConvShape& s) const override { return conv_reference().supports(s); }
  void forward(const ConvShape& s, const void* x, const void* w, void* y, const ConvEpilogue& e) const override {
    const Sizes size(s);
    const double read = size.x + size.w + (e.residual ? size.y : 0);
    const std::string what = e.bias || e.residual ? "conv2d forward with bias, " : "conv2d forward, ";
    enqueue_for(device_, y, size.y, s.dtype, what + s.text(), s.flops(), read, [=] {
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
    const Sizes size(s);
    enqueue_for(device_, y, size.y, s.dtype, "conv2d forward with sums, " + s.text(), s.flops(), size.x + size.w, [=] {
      conv_reference().forward(s, x, w, y, {});
      std::fill_n(sum, s.out_channels, 0.f);
      std::fill_n(sum_of_squares, s.out_channels, 0.f);
      for (int64_t i = 0; i < static_cast<int64_t>(size.y); ++i) {
        const float value = static_cast<float>(static_cast<const f16*>(y)[i]);
        sum[i % s.out_channels] += value;
        sum_of_squares[i % s.out_channels] += value * value;
      }
      for (const float* sums : {sum, sum_of_squares}) simt::tell_wrote(sums, static_cast<size_t>(s.out_channels) * sizeof *sums);
    });
    return true;
  }
  void backward_data(const ConvShape& s, const void* dy, const void* w, void* dx) const override {
    const Sizes size(s);
    enqueue_for(device_, dx, size.x, s.dtype, "conv2d backward data, " + s.text(), s.flops(), size.y + size.w,
                [=] { conv_reference().backward_data(s, dy, w, dx); });
  }
  void backward_weights(const ConvShape& s, const void* x, const void* dy, void* dw) const override {
    const Sizes size(s);
    enqueue_for(device_, dw, size.w, s.dtype, "conv2d backward weights, " + s.text(), s.flops(), size.x + size.y,
                [=] { conv_reference().backward_weights(s, x, dy, dw); });
  }

 private:
  int device_;
};

}  // namespace

const ConvBackend& conv_gpu(int device) {
  static const EnqueuedConv first(0), second(1);
  return device == 0 ? first : second;
}

void gemm_gpu(Device device, const GemmShape& shape, const void* a, const void* b, void* y, const void* bias) {
  const auto m = static_cast<double>(shape.m), n = static_cast<double>(shape.n), k = static_cast<double>(shape.k);
  const std::string what = fmt::format("gemm, {} m {} n {} k {}", shape.dtype, shape.m, shape.n, shape.k);
  enqueue_for(device.index(), y, m * n, shape.dtype, what, shape.flops(), m * k + k * n,
              [=] { gemm_reference(shape, a, b, y, bias); });
}

}  // namespace cudenza
