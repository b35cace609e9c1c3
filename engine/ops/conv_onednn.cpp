/// oneDNN computes in the shape's own type where it can: f32 on every CPU, bf16 with AVX-512 or AMX. Elsewhere 16-bit types go
/// through f32: casts are a few passes over memory, and sums are f32 either way.
#include "engine/ops/conv_backend.h"
#include "engine/ops/onednn.h"
#include "engine/ops/widened.h"

namespace cudenza {
namespace {

using onednn::conv_plan;
using onednn::Pass;

struct Counts {
  int64_t x, w, y;
  explicit Counts(const ConvShape& s)
      : x(s.batch * s.height * s.width * s.in_channels),
        w(s.out_channels * s.kernel_h * s.kernel_w * s.in_channels),
        y(s.batch * s.out_height() * s.out_width() * s.out_channels) {}
};

ConvShape in_f32(ConvShape s) {
  s.dtype = DType::f32;
  return s;
}

class OneDnnConv final : public ConvBackend {
 public:
  std::string_view name() const override { return "oneDNN"; }
  bool supports(const ConvShape& s) const override { return is_floating(s.dtype) && s.dtype != DType::f64; }

  void forward(const ConvShape& s, const void* x, const void* w, void* y, const ConvEpilogue& e) const override {
    const bool has_residual = e.residual != nullptr;
    const auto plan = conv_plan(
        s, Pass::forward,
        {.bias = e.bias != nullptr, .residual = has_residual, .relu = e.relu, .in_place = has_residual && e.residual == y});
    if (plan) return plan->run({x, w, y, e.bias, e.residual});
    if (s.dtype == DType::f32) return conv_reference().forward(s, x, w, y, e);
    const Counts count(s);
    const WideInput wide_x(x, s.dtype, count.x), wide_w(w, s.dtype, count.w), residual(e.residual, s.dtype, count.y);
    const WideResult wide_y(y, s.dtype, count.y);
    forward(in_f32(s), wide_x.data(), wide_w.data(), wide_y.data(),
            {.bias = e.bias, .residual = residual.data(), .relu = e.relu});
    wide_y.store();
  }

  void backward_data(const ConvShape& s, const void* dy, const void* w, void* dx) const override {
    if (const auto plan = conv_plan(s, Pass::backward_data)) return plan->run({dy, w, dx});
    if (s.dtype == DType::f32) return conv_reference().backward_data(s, dy, w, dx);
    const Counts count(s);
    const WideInput wide_dy(dy, s.dtype, count.y), wide_w(w, s.dtype, count.w);
    const WideResult wide_dx(dx, s.dtype, count.x);
    backward_data(in_f32(s), wide_dy.data(), wide_w.data(), wide_dx.data());
    wide_dx.store();
  }

  void backward_weights(const ConvShape& s, const void* x, const void* dy, void* dw) const override {
    if (const auto plan = conv_plan(s, Pass::backward_weights)) return plan->run({x, dy, dw});
    if (s.dtype == DType::f32) return conv_reference().backward_weights(s, x, dy, dw);
    const Counts count(s);
    const WideInput wide_x(x, s.dtype, count.x), wide_dy(dy, s.dtype, count.y);
    const WideResult wide_dw(dw, s.dtype, count.w);
    backward_weights(in_f32(s), wide_x.data(), wide_dy.data(), wide_dw.data());
    wide_dw.store();
  }
};

}  // namespace

const ConvBackend& conv_onednn() {
  static const OneDnnConv backend;
  return backend;
}

}  // namespace cudenza
