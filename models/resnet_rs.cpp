#include "models/resnet_rs.h"

#include "engine/nn/init.h"
#include "engine/ops/channel_scale.h"
#include "engine/ops/int8.h"
#include "engine/ops/pointwise.h"
#include "engine/ops/reduce.h"

namespace cudenza {
namespace {

constexpr int kExpansion = 4, kSqueeze = 4;

/// y = x · sigmoid(fc2(relu(fc1(mean of x over the picture)))). (Hu et al.: Squeeze-and-Excitation Networks; CVPR 2018)
class SqueezeExcite : public Module {
 public:
  struct Options {
    int channels;
  };
  explicit SqueezeExcite(const Options& o)
      : fc1_(child<Conv2d>("fc1", {.in = o.channels, .out = o.channels / kSqueeze, .kernel = 1})),
        fc2_(child<Conv2d>("fc2", {.in = o.channels / kSqueeze, .out = o.channels, .kernel = 1})) {}

  Tensor forward(const Tensor& x) override {
    const Tensor squeezed = reshape(spatial_mean(x), {x.size(0), 1, 1, x.size(-1)});
    const Tensor gates = sigmoid(fc2_(conv_relu(fc1_, squeezed)));
    return channel_scale(x, reshape(gates, {x.size(0), x.size(-1)}));
  }

 private:
  Conv2d &fc1_, &fc2_;
};

/// The shortcut where shape changes: average pool 2x2 (except in the first layer, which keeps its size), conv 1x1, batch norm.
class Downsample : public Module {
 public:
  struct Options {
    int in, out, stride;
  };
  explicit Downsample(const Options& o)
      : stride_(o.stride),
        conv_(child<Conv2d>("1", {.in = o.in, .out = o.out, .kernel = 1, .bias = false})),
        bn_(child<BatchNorm2d>("2", {.channels = o.out})) {}

  Tensor forward(const Tensor& x) override {
    if (stride_ == 1) return conv_bn(conv_, bn_, x);
    return conv_bn(
        conv_, bn_,
        avg_pool2d(dequantized(x), {.kernel = stride_, .stride = stride_, .ceil_mode = true, .count_include_pad = false}));
  }

 private:
  int stride_;
  Conv2d& conv_;
  BatchNorm2d& bn_;
};

class Bottleneck : public Module {
 public:
  struct Options {
    int in, width, stride;
    DropPath::Options drop_path;
  };

  explicit Bottleneck(const Options& o)
      : conv1_(child<Conv2d>("conv1", {.in = o.in, .out = o.width, .kernel = 1, .bias = false})),
        bn1_(child<BatchNorm2d>("bn1", {.channels = o.width})),
        conv2_(child<Conv2d>("conv2", {.in = o.width, .out = o.width, .kernel = 3, .stride = o.stride, .pad = 1, .bias = false})),
        bn2_(child<BatchNorm2d>("bn2", {.channels = o.width})),
        conv3_(child<Conv2d>("conv3", {.in = o.width, .out = kExpansion * o.width, .kernel = 1, .bias = false})),
        bn3_(child<BatchNorm2d>("bn3", {.channels = kExpansion * o.width})),
        se_(child<SqueezeExcite>("se", {.channels = kExpansion * o.width})),
        drop_path_(child<DropPath>("drop_path", o.drop_path)) {
    const int out = kExpansion * o.width;
    if (o.stride != 1 || o.in != out)
      downsample_ = &child<Downsample>("downsample", {.in = o.in, .out = out, .stride = o.stride});
  }

  Tensor forward(const Tensor& x) override {
    const Tensor shortcut = downsample_ ? (*downsample_)(x) : x;
    const Tensor y = conv_bn(conv3_, bn3_, conv_bn_relu(conv2_, bn2_, conv_bn_relu(conv1_, bn1_, x)));
    return add_relu(drop_path_(se_(y)), dequantized(shortcut));
  }

  BatchNorm2d& last_norm() { return bn3_; }

 private:
  Conv2d& conv1_;
  BatchNorm2d& bn1_;
  Conv2d& conv2_;
  BatchNorm2d& bn2_;
  Conv2d& conv3_;
  BatchNorm2d& bn3_;
  SqueezeExcite& se_;
  DropPath& drop_path_;
  Downsample* downsample_ = nullptr;
};

}  // namespace

/// conv1.0 3x3 s2 32, conv1.1 batch norm, ReLU, conv1.3 3x3 32, conv1.4 batch norm, ReLU, conv1.6 3x3 64 (its norm is bn1).
class ResNetRs50::Stem : public Module {
 public:
  struct Options {
    int in_channels;
  };
  explicit Stem(const Options& o)
      : conv0_(child<Conv2d>("0", {.in = o.in_channels, .out = 32, .kernel = 3, .stride = 2, .pad = 1, .bias = false})),
        bn1_(child<BatchNorm2d>("1", {.channels = 32})),
        conv3_(child<Conv2d>("3", {.in = 32, .out = 32, .kernel = 3, .pad = 1, .bias = false})),
        bn4_(child<BatchNorm2d>("4", {.channels = 32})),
        last(child<Conv2d>("6", {.in = 32, .out = 64, .kernel = 3, .pad = 1, .bias = false})) {}
  /// Input of `last`.
  Tensor forward(const Tensor& x) override { return conv_bn_relu(conv3_, bn4_, conv_bn_relu(conv0_, bn1_, x)); }

 private:
  Conv2d& conv0_;
  BatchNorm2d& bn1_;
  Conv2d& conv3_;
  BatchNorm2d& bn4_;

 public:
  Conv2d& last;
};

/// maxpool.0 conv 3x3 s2 64, maxpool.1 batch norm, ReLU: replaces the max pool of other ResNets.
class ResNetRs50::Pool : public Module {
 public:
  struct Options {};
  explicit Pool(const Options&)
      : conv_(child<Conv2d>("0", {.in = 64, .out = 64, .kernel = 3, .stride = 2, .pad = 1, .bias = false})),
        bn_(child<BatchNorm2d>("1", {.channels = 64})) {}
  Tensor forward(const Tensor& x) override { return conv_bn_relu(conv_, bn_, x); }

 private:
  Conv2d& conv_;
  BatchNorm2d& bn_;
};

ResNetRs50::ResNetRs50(const NetworkOptions& o)
    : stem_(child<Stem>("conv1", {.in_channels = o.in_channels})),
      bn1_(child<BatchNorm2d>("bn1", {.channels = 64})),
      pool_(child<Pool>("maxpool", {})) {
  constexpr int kBlocks[] = {3, 4, 6, 3}, kTotal = 16;
  std::vector<Stage> stages = {{.name = "stem", .prefixes = {"conv1.", "bn1.", "maxpool."}, .channels = 64}};
  int in = 64, block = 0;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const int width = 64 << i;
    auto parts = std::make_unique<Sequential>();
    for (int k = 0; k < kBlocks[i]; ++k, ++block) {
      const double rate = o.drop_path * block / (kTotal - 1);
      parts->add<Bottleneck>(
          {.in = in, .width = width, .stride = i > 0 && k == 0 ? 2 : 1, .drop_path = {.p = rate, .random = o.random}});
      in = kExpansion * width;
    }
    const std::string name = "layer" + std::to_string(i + 1);
    layers_[i] = &register_module(name, std::move(parts));
    stages.push_back({.name = name, .prefixes = {name + '.'}, .channels = in});
  }
  finish<PooledLinear>("fc", {.in = in, .out = o.classes}, "", std::move(stages), o);
}

Tensor ResNetRs50::stage(int index, const Tensor& x) {
  if (index == 0) return pool_(conv_bn_relu(stem_.last, bn1_, stem_(x)));
  return (*layers_[static_cast<size_t>(index - 1)])(x);
}

void ResNetRs50::reset(Generator& random) {
  visit([&](const std::string&, Module& part) {
    if (auto* conv = dynamic_cast<Conv2d*>(&part)) init::kaiming_normal(conv->weight, init::fan_out(conv->weight), random);
    if (auto* block = dynamic_cast<Bottleneck*>(&part)) init::constant(block->last_norm().state.gamma, 0);
  });
}

}  // namespace cudenza
