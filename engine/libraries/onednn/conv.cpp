/// oneDNN computes in the shape's own dtype where it can: f32 on every CPU, bf16 with AVX-512 or AMX. Elsewhere 16-bit arrays
/// are cast to f32 and back, a few passes over memory; sums are f32 either way.
#include "engine/libraries/conv.h"

#include <algorithm>
#include <array>
#include <optional>

#include "engine/core/dispatch.h"
#include "engine/libraries/math_mode.h"
#include "engine/libraries/onednn/primitives.h"
#include "engine/libraries/onednn/widened.h"

namespace cudenza {
namespace {

using kernels::ceil_div;
using onednn::conv_plan;
using onednn::EpilogueParts;
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

/// An operand of a plan, and its number of elements per picture; 0: all pictures share it.
struct Operand {
  const void* array = nullptr;
  int64_t of_picture = 0;
};

/// A batch split into pieces of consecutive pictures, by shape alone.
class Pieces {
 public:
  Pieces(const ConvShape& s, int64_t pictures) : shape_(s), pictures_(std::min(pictures, s.batch)) {}
  int64_t count() const { return ceil_div(shape_.batch, pictures_); }
  ConvShape shape(int64_t piece) const {
    ConvShape s = shape_;
    s.batch = std::min(pictures_, shape_.batch - piece * pictures_);
    return s;
  }
  const void* part_of(const Operand& o, int64_t piece) const {
    const int64_t bytes = piece * pictures_ * o.of_picture * static_cast<int64_t>(size_of(shape_.dtype));
    return o.array ? static_cast<const char*>(o.array) + bytes : nullptr;
  }
  /// Whether oneDNN supports all pieces.
  bool have_plans(Pass pass, const EpilogueParts& parts = {}) const {
    const onednn::OneThread one_thread;
    return conv_plan(shape(0), pass, parts) && conv_plan(shape(count() - 1), pass, parts);
  }

 private:
  ConvShape shape_;
  int64_t pictures_;
};

/// Whether results must not depend on the number of threads, but this plan's or the one-thread plan's may.
bool must_be_cut(const ConvShape& s, Pass pass, const EpilogueParts& parts, const onednn::Plan& plan) {
  if (!math_mode().deterministic) return false;
  const onednn::OneThread one_thread;
  const auto alone = conv_plan(s, pass, parts);
  return plan.cuts_sums() || !alone || alone->cuts_sums();
}

/// Runs oneDNN's plan, picture by picture if must_be_cut(). Returns false and does nothing if oneDNN has no plan.
bool run_plan(const ConvShape& s, Pass pass, const EpilogueParts& parts, const std::array<Operand, 5>& o) {
  const auto plan = conv_plan(s, pass, parts);
  if (!plan) return false;
  if (!must_be_cut(s, pass, parts, *plan)) {
    plan->run({o[0].array, o[1].array, o[2].array, o[3].array, o[4].array});
    return true;
  }
  const Pieces pictures(s, 1);
  if (!pictures.have_plans(pass, parts)) return false;
  onednn::for_pieces(pictures.count(), [&](int64_t i) {
    const auto part = [&](int operand) { return pictures.part_of(o[operand], i); };
    conv_plan(pictures.shape(i), pass, parts)->run({part(0), part(1), part(2), part(3), part(4)});
  });
  return true;
}

/// sum[i] += others[i] + others[count + i] + …, in this order.
void add_in_order(float* sum, const float* others, int64_t arrays, int64_t count) {
  constexpr int64_t kStrip = 4096;  // stays in the cache
  kernels::parallel_ranges(ceil_div(count, kStrip), kStrip * arrays, [=](int64_t begin, int64_t end) {
    for (int64_t first = begin * kStrip; first < std::min(end * kStrip, count); first += kStrip) {
      const int64_t last = std::min(first + kStrip, count);
      for (int64_t array = 0; array < arrays; ++array) {
#pragma omp simd
        for (int64_t i = first; i < last; ++i) sum[i] += others[array * count + i];
      }
    }
  });
}

/// dw as the sum of the dw of pieces of the batch. Returns false and does nothing if oneDNN does not support them.
bool weights_by_pieces(const ConvShape& s, const void* x, const void* dy, void* dw) {
  constexpr int64_t kMost = 8;  // each piece has its own dw
  const Pieces pieces(s, ceil_div(s.batch, kMost));
  if (!pieces.have_plans(Pass::backward_weights_f32)) return false;
  const Counts count(s);
  const Operand pictures{x, count.x / s.batch}, gradients{dy, count.y / s.batch};
  std::optional<WideResult> wide;
  if (s.dtype != DType::f32) wide.emplace(dw, s.dtype, count.w);
  float* const sum = static_cast<float*>(wide ? wide->data() : dw);
  const Storage rest(static_cast<size_t>((pieces.count() - 1) * count.w) * sizeof(float), Device::cpu());
  float* const others = static_cast<float*>(rest.data());
  onednn::for_pieces(pieces.count(), [&](int64_t i) {
    float* const own = i == 0 ? sum : others + (i - 1) * count.w;
    conv_plan(pieces.shape(i), Pass::backward_weights_f32)->run({pieces.part_of(pictures, i), pieces.part_of(gradients, i), own});
  });
  add_in_order(sum, others, pieces.count() - 1, count.w);
  if (wide) wide->store();
  return true;
}

class OneDnnConv final : public ConvBackend {
 public:
  std::string_view name() const override { return "oneDNN"; }
  bool supports(const ConvShape& s) const override { return is_floating(s.dtype) && s.dtype != DType::f64; }

  void forward(const ConvShape& s, const void* x, const void* w, void* y, const ConvEpilogue& e) const override {
    convolve(s, x, w, y, e);
    if (!e.relu) return;
    dispatch_kernel("conv2d", Device::cpu(), s.dtype, [&]<class T>(auto where) {
      T* const out = static_cast<T*>(y);
      kernels::map(where, kernels::Relu{}, out, out, Counts(s).y);
    });
  }

  void backward_data(const ConvShape& s, const void* dy, const void* w, void* dx) const override {
    const Counts count(s);
    if (run_plan(s, Pass::backward_data, {}, {{{dy, count.y / s.batch}, {w}, {dx, count.x / s.batch}}})) return;
    if (s.dtype == DType::f32) return conv_reference().backward_data(s, dy, w, dx);
    const WideInput wide_dy(dy, s.dtype, count.y), wide_w(w, s.dtype, count.w);
    const WideResult wide_dx(dx, s.dtype, count.x);
    backward_data(in_f32(s), wide_dy.data(), wide_w.data(), wide_dx.data());
    wide_dx.store();
  }

  void backward_weights(const ConvShape& s, const void* x, const void* dy, void* dw) const override {
    if (math_mode().deterministic && weights_by_pieces(s, x, dy, dw)) return;
    const auto plan = math_mode().deterministic ? nullptr : conv_plan(s, Pass::backward_weights);
    if (plan) return plan->run({x, dy, dw});
    if (s.dtype == DType::f32) return conv_reference().backward_weights(s, x, dy, dw);
    const Counts count(s);
    const WideInput wide_x(x, s.dtype, count.x), wide_dy(dy, s.dtype, count.y);
    const WideResult wide_dw(dw, s.dtype, count.w);
    backward_weights(in_f32(s), wide_x.data(), wide_dy.data(), wide_dw.data());
    wide_dw.store();
  }

 private:
  /// y = sum + bias[k] + residual.
  static void convolve(const ConvShape& s, const void* x, const void* w, void* y, const ConvEpilogue& e) {
    const Counts count(s);
    const int64_t of_x = count.x / s.batch, of_y = count.y / s.batch;
    const EpilogueParts parts{.bias = e.bias != nullptr, .residual = e.residual != nullptr, .in_place = e.residual == y};
    if (run_plan(s, Pass::forward, parts, {{{x, of_x}, {w}, {y, of_y}, {e.bias}, {e.residual, of_y}}})) return;
    const ConvEpilogue sums{.bias = e.bias, .residual = e.residual};
    if (s.dtype == DType::f32) return conv_reference().forward(s, x, w, y, sums);
    const WideInput wide_x(x, s.dtype, count.x), wide_w(w, s.dtype, count.w), residual(e.residual, s.dtype, count.y);
    const WideResult wide_y(y, s.dtype, count.y);
    convolve(in_f32(s), wide_x.data(), wide_w.data(), wide_y.data(), {.bias = e.bias, .residual = residual.data()});
    wide_y.store();
  }
};

}  // namespace

const ConvBackend& conv_onednn() {
  static const OneDnnConv backend;
  return backend;
}

}  // namespace cudenza
