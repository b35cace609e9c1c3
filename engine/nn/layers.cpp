#include "engine/nn/layers.h"

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

const FoldedConv& Conv2d::folded_filters(DType dtype, const BatchNorm2d* bn) const {
  if (kept_.w.defined() && kept_.w.dtype() == dtype) return kept_;
  kept_ = {weight.detach(), bias.defined() ? bias.detach() : Tensor()};
  if (bn) {
    BatchNormState state = bn->state;
    if (bias.defined()) state.running_mean = add(state.running_mean, scale(kept_.bias, -1));  // conv's output lacks the bias
    kept_ = fold_batch_norm(weight, state);
  }
  kept_.w = cast(kept_.w, dtype);
  if (kept_.bias.defined()) kept_.bias = bias_for_library(kept_.bias, dtype);
  return kept_;
}

namespace {

/// relu(bn(conv(x)) + residual); bn, relu and residual are optional.
Tensor fused(const Conv2d& conv, const BatchNorm2d* bn, const Tensor& x, bool with_relu, const Tensor& residual) {
  if (conv.folded()) {
    const FoldedConv& filters = conv.folded_filters(x.dtype(), bn);
    return conv2d_act(x, filters.w, conv.spec, filters.bias, with_relu, residual);
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
  if (!folded()) return linear(x, cast(weight, x.dtype()), bias);
  if (!kept_.defined() || kept_.dtype() != x.dtype()) kept_ = cast(weight.detach(), x.dtype());
  return linear(x, kept_, bias);
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
