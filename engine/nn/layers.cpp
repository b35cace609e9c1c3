#include "engine/nn/layers.h"

#include "engine/core/reference_kernels.h"
#include "engine/core/storage.h"
#include "engine/nn/init.h"
#include "engine/ops/cast.h"
#include "engine/ops/dropout.h"
#include "engine/ops/linear.h"
#include "engine/ops/pointwise.h"

namespace cudenza {
namespace {

thread_local int unset_weights = 0;  // number of living UnsetWeights

Tensor new_weight(const Shape& shape) {
  return unset_weights > 0 ? Tensor::empty(shape, DType::f32) : Tensor::zeros(shape, DType::f32);
}

}  // namespace

UnsetWeights::UnsetWeights() { ++unset_weights; }
UnsetWeights::~UnsetWeights() { --unset_weights; }

Conv2d::Conv2d(const Options& o)
    : spec{.stride = o.stride, .pad = o.pad},
      weight(parameter("weight", new_weight({o.out, o.kernel, o.kernel, o.in}))),
      bias(o.bias ? parameter("bias", Tensor::zeros({o.out}, DType::f32)) : Tensor()) {}

void Conv2d::reset(Generator& random) { init::pytorch_default(weight, bias, random); }

BatchNorm2d::BatchNorm2d(const Options& o)
    : state{.gamma = parameter("weight", Tensor::full({o.channels}, 1, DType::f32)),
            .beta = parameter("bias", Tensor::zeros({o.channels}, DType::f32)),
            .running_mean = buffer("running_mean", Tensor::zeros({o.channels}, DType::f32)),
            .running_var = buffer("running_var", Tensor::full({o.channels}, 1, DType::f32)),
            .eps = o.eps,
            .momentum = o.momentum} {}

Tensor BatchNorm2d::forward(const Tensor& x) { return batch_norm(x, state, uses_batch()); }

void BatchNorm2d::reset(Generator&) {
  init::constant(state.gamma, 1);
  init::constant(state.beta, 0);
  init::constant(state.running_mean, 0);
  init::constant(state.running_var, 1);
}

namespace {

/// Whether filters are packed for inputs like these.
bool packs(const Tensor& x, const ConvShape& s) { return x.device().is_cpu() && !ReferenceKernels::active() && packing_pays(s); }

std::shared_ptr<const PackedConv> pack(const ConvShape& s, const Tensor& w) {
  return std::make_shared<const PackedConv>(s, packed_kind(s), w.raw());
}

}  // namespace

FoldedConv Conv2d::folded_weights(const BatchNorm2d* bn) const {
  const Tensor b = bias.defined() ? bias.detach() : Tensor();
  if (!bn) return {weight.detach(), b};
  BatchNormState state = bn->state;
  if (b.defined()) state.running_mean = add(state.running_mean, scale(b, -1));  // conv's output lacks the bias
  return fold_batch_norm(weight, state);
}

const Conv2d::Kept& Conv2d::kept(const Tensor& x, const BatchNorm2d* bn) const {
  if (kept_ && kept_->dtype == x.dtype()) return *kept_;
  Kept k{.dtype = x.dtype(), .folded = {}, .packed = nullptr, .int8 = nullptr};
  if (x.quantization()) {
    k.int8 = packed_bytes(conv_shape("conv2d", x, weight.shape(), spec));
    return kept_.emplace(std::move(k));
  }
  k.folded = folded_weights(bn);
  k.folded.w = cast(k.folded.w, x.dtype());
  if (k.folded.bias.defined()) k.folded.bias = bias_for_library(k.folded.bias, x.dtype());
  const ConvShape s = conv_shape("conv2d", x, k.folded.w, spec, k.folded.bias);
  if (packs(x, s)) {
    if (drops_weights()) weight.drop_elements();
    k.packed = pack(s, k.folded.w), k.folded.w = {};
    if (drops_weights()) trim_cpu_pool_after(weight.bytes());
  }
  return kept_.emplace(std::move(k));
}

namespace {

/// What follows a convolution; all of it is optional.
struct After {
  const BatchNorm2d* bn = nullptr;
  bool relu = false;
  Tensor residual = {};
};

/// By what the layer keeps, in floats: other layers may have given bytes.
Tensor folded_conv(const Conv2d& conv, const Tensor& given, const After& after) {
  const Tensor x = dequantized(given), residual = after.residual.defined() ? dequantized(after.residual) : Tensor();
  const Conv2d::Kept& kept = conv.kept(x, after.bn);
  if (kept.packed) return conv2d_packed(x, *kept.packed, conv.spec, kept.folded.bias, after.relu, residual);
  return conv2d_act(x, kept.folded.w, conv.spec, kept.folded.bias, after.relu, residual);
}

/// x in bytes that a layer with this plan takes.
Tensor bytes_for(const Int8Plan& plan, const Tensor& x) {
  return x.quantization() && x.quantization().zero == 0 ? x : quantized(dequantized(x), {.scale = plan.x_scale});
}

Tensor int8_conv(const Conv2d& conv, const Int8Plan& plan, const Tensor& x, const After& after) {
  const bool adds = after.residual.defined();
  if (plan.x_scale == 0) {
    const Tensor y = folded_conv(conv, x, after);
    return plan.y ? quantized(y, plan.y) : y;
  }
  const Tensor bytes = bytes_for(plan, x);
  const Int8Conv& w = *conv.kept(bytes, after.bn).int8;
  if (!adds || after.residual.quantization()) return conv2d_int8(bytes, w, conv.spec, after.relu, after.residual, plan.y);
  const Tensor sum = add(conv2d_int8(bytes, w, conv.spec, false, {}, {}), after.residual), y = after.relu ? relu(sum) : sum;
  return plan.y ? quantized(y, plan.y) : y;
}

/// relu(bn(conv(x)) + residual); bn, relu and residual are optional.
Tensor fused(const Conv2d& conv, const BatchNorm2d* bn, const Tensor& x, bool with_relu, const Tensor& residual) {
  if (const Int8Plan* const plan = conv.int8()) return int8_conv(conv, *plan, x, {bn, with_relu, residual});
  if (conv.folded()) {
    const Tensor y = folded_conv(conv, x, {bn, with_relu, residual});
    if (auto* const calibration = Calibration::active())
      calibration->note(
          {.layer = &conv, .bn = bn, .x = x, .y = y, .residual = residual.defined() ? &residual : nullptr, .relu = with_relu});
    return y;
  }
  const Tensor w = cast(conv.weight, x.dtype());
  if (!bn) return conv2d_act(x, w, conv.spec, conv.bias, with_relu, residual);
  if (!conv.bias.defined()) return conv_bn_act(x, w, conv.spec, bn->state, bn->uses_batch(), with_relu, residual);
  // Subtracting the batch's mean cancels a bias. Its gradient is zero, and rounding would turn it into noise.
  const Tensor bias = bn->uses_batch() ? conv.bias.detach() : conv.bias;
  return batch_norm_act(conv2d(x, w, conv.spec, bias), bn->state, bn->uses_batch(), with_relu, residual);
}

/// Returns child `next` and advances `next` if the child has type Part; else null.
template <class Part> const Part* taken(const std::vector<std::pair<std::string, Module*>>& parts, size_t& next) {
  const auto* part = next < parts.size() ? dynamic_cast<const Part*>(parts[next].second) : nullptr;
  next += part != nullptr;
  return part;
}

}  // namespace

Tensor Conv2d::forward(const Tensor& x) { return fused(*this, nullptr, x, false, {}); }

Tensor conv_relu(const Conv2d& conv, const Tensor& x) { return fused(conv, nullptr, x, true, {}); }
Tensor conv_bn(const Conv2d& conv, const BatchNorm2d& bn, const Tensor& x) { return fused(conv, &bn, x, false, {}); }

Tensor conv_bn_relu(const Conv2d& conv, const BatchNorm2d& bn, const Tensor& x, const Tensor& residual) {
  return fused(conv, &bn, x, true, residual);
}

Tensor ConvSequential::range(const Tensor& x, size_t begin, size_t end) {
  auto parts = children();
  parts.resize(end);
  Tensor y = x;
  for (size_t next = begin; next < parts.size();) {
    if (const auto* conv = taken<Conv2d>(parts, next)) {
      const auto* bn = taken<BatchNorm2d>(parts, next);
      const bool with_relu = taken<Relu>(parts, next) != nullptr;
      y = fused(*conv, bn, y, with_relu, {});
    } else {
      y = (*parts[next++].second)(y);
    }
  }
  return y;
}

Linear::Linear(const Options& o)
    : weight(parameter("weight", new_weight({o.out, o.in}))),
      bias(o.bias ? parameter("bias", Tensor::zeros({o.out}, DType::f32)) : Tensor()),
      positions(o.positions) {
  require(positions > 0 && o.in % positions == 0, "Linear: {} inputs do not come from {} positions", o.in, positions);
}

Tensor Linear::forward(const Tensor& x) {
  if (!Module::folded()) return linear(x, cast(weight, x.dtype()), bias);
  if (const Int8Plan* const plan = int8(); plan && plan->x_scale > 0) return in_bytes(bytes_for(*plan, x));
  const Tensor y = folded(dequantized(x));
  if (auto* const calibration = Calibration::active()) calibration->note({.layer = this, .x = x, .y = y});
  return y;
}

/// The result is a float, also for bytes.
Tensor Linear::in_bytes(const Tensor& x) {
  if (!int8_) {
    forget();
    int8_ = packed_bytes(conv_of_linear(DType::u8, x.size(0), weight.size(1), weight.size(0)));
  }
  return linear_int8(x, *int8_);
}

Tensor Linear::folded(const Tensor& x) {
  if (packed_ && packed_->dtype() == x.dtype()) return linear_packed(x, *packed_, bias);
  if (kept_.defined() && kept_.dtype() == x.dtype()) return linear(x, kept_, bias);
  forget();
  Tensor w = cast(weight.detach(), x.dtype());
  const bool fits = x.shape().rank() == 2 && x.size(0) > 0 && x.size(1) == w.size(1);  // linear() says what does not
  const ConvShape s = fits ? conv_of_linear(x.dtype(), x.size(0), w.size(1), w.size(0)) : ConvShape();
  if (!fits || !packs(x, s)) return linear(x, kept_ = w, bias);
  if (drops_weights()) weight.drop_elements();
  packed_ = pack(s, w), w = {};
  if (drops_weights()) trim_cpu_pool_after(weight.bytes());
  return linear_packed(x, *packed_, bias);
}

void Linear::reset(Generator& random) { init::pytorch_default(weight, bias, random); }

Tensor Relu::forward(const Tensor& x) { return relu(x); }
Tensor MaxPool2d::forward(const Tensor& x) { return max_pool2d(x, spec); }
Tensor AvgPool2d::forward(const Tensor& x) { return avg_pool2d(x, spec); }
Tensor AdaptiveAvgPool2d::forward(const Tensor& x) { return adaptive_avg_pool2d(x, size.height, size.width); }
Tensor Flatten::forward(const Tensor& x) { return reshape(x, {x.size(0), x.size(0) == 0 ? 0 : x.numel() / x.size(0)}); }
Tensor Dropout::forward(const Tensor& x) { return training() ? dropout(x, options.p, *options.random) : x; }
Tensor DropPath::forward(const Tensor& x) { return training() ? drop_path(x, options.p, *options.random) : x; }

}  // namespace cudenza
