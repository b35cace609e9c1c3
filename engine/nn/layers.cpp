#include "engine/nn/layers.h"

#include "engine/nn/init.h"
#include "engine/ops/conv_bn_act.h"
#include "engine/ops/dropout.h"
#include "engine/ops/linear.h"
#include "engine/ops/pointwise.h"

namespace cudenza {
namespace {

thread_local int unset_weights = 0;  // how many UnsetWeights live

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

Tensor Conv2d::forward(const Tensor& x) { return conv2d(x, cast(weight, x.dtype()), spec, bias); }
void Conv2d::reset(Generator& random) { init::pytorch_default(weight, bias, random); }

BatchNorm2d::BatchNorm2d(const Options& o)
    : state{.gamma = parameter("weight", Tensor::full({o.channels}, 1, DType::f32)),
            .beta = parameter("bias", Tensor::zeros({o.channels}, DType::f32)),
            .running_mean = buffer("running_mean", Tensor::zeros({o.channels}, DType::f32)),
            .running_var = buffer("running_var", Tensor::full({o.channels}, 1, DType::f32)),
            .eps = o.eps,
            .momentum = o.momentum} {}

Tensor BatchNorm2d::forward(const Tensor& x) { return batch_norm(x, state, training()); }

void BatchNorm2d::reset(Generator&) {
  init::constant(state.gamma, 1);
  init::constant(state.beta, 0);
  init::constant(state.running_mean, 0);
  init::constant(state.running_var, 1);
}

namespace {
Tensor fused(const Conv2d& conv, const BatchNorm2d& bn, const Tensor& x, bool with_relu, const Tensor& residual) {
  require(!conv.bias.defined(),
          "conv_bn: the convolution has a bias, which the batch norm would cancel; make it with .bias = false");
  return conv_bn_act(x, cast(conv.weight, x.dtype()), conv.spec, bn.state, bn.training(), with_relu, residual);
}
}  // namespace

Tensor conv_bn(const Conv2d& conv, const BatchNorm2d& bn, const Tensor& x) { return fused(conv, bn, x, false, {}); }

Tensor conv_bn_relu(const Conv2d& conv, const BatchNorm2d& bn, const Tensor& x, const Tensor& residual) {
  return fused(conv, bn, x, true, residual);
}

Linear::Linear(const Options& o)
    : weight(parameter("weight", new_weight({o.out, o.in}))),
      bias(o.bias ? parameter("bias", Tensor::zeros({o.out}, DType::f32)) : Tensor()),
      positions(o.positions) {
  require(positions > 0 && o.in % positions == 0, "Linear: {} inputs do not come from {} positions", o.in, positions);
}

Tensor Linear::forward(const Tensor& x) { return linear(x, cast(weight, x.dtype()), bias); }
void Linear::reset(Generator& random) { init::pytorch_default(weight, bias, random); }

Tensor Relu::forward(const Tensor& x) { return relu(x); }
Tensor MaxPool2d::forward(const Tensor& x) { return max_pool2d(x, spec); }
Tensor AvgPool2d::forward(const Tensor& x) { return avg_pool2d(x, spec); }
Tensor AdaptiveAvgPool2d::forward(const Tensor& x) { return adaptive_avg_pool2d(x, size.height, size.width); }
Tensor Flatten::forward(const Tensor& x) { return reshape(x, {x.size(0), x.size(0) == 0 ? 0 : x.numel() / x.size(0)}); }
Tensor Dropout::forward(const Tensor& x) { return training() ? dropout(x, options.p, *options.random) : x; }
Tensor DropPath::forward(const Tensor& x) { return training() ? drop_path(x, options.p, *options.random) : x; }

}  // namespace cudenza
