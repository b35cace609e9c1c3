#include "models/resnet.h"

#include "engine/nn/init.h"

namespace cudenza {
namespace {

struct BlockOptions {
  int in, width;
  int stride = 1;
};

/// The shortcut where shape changes: conv 1x1, batch norm.
class Downsample : public Module {
 public:
  struct Options {
    int in, out, stride;
  };
  explicit Downsample(const Options& o)
      : conv_(child<Conv2d>("0", {.in = o.in, .out = o.out, .kernel = 1, .stride = o.stride, .bias = false})),
        bn_(child<BatchNorm2d>("1", {.channels = o.out})) {}
  Tensor forward(const Tensor& x) override { return conv_bn(conv_, bn_, x); }

 private:
  Conv2d& conv_;
  BatchNorm2d& bn_;
};

/// relu(3x3, 3x3 + shortcut).
class BasicBlock : public Module {
 public:
  using Options = BlockOptions;
  static constexpr int kExpansion = 1;

  explicit BasicBlock(const Options& o)
      : conv1_(child<Conv2d>("conv1", {.in = o.in, .out = o.width, .kernel = 3, .stride = o.stride, .pad = 1, .bias = false})),
        bn1_(child<BatchNorm2d>("bn1", {.channels = o.width})),
        conv2_(child<Conv2d>("conv2", {.in = o.width, .out = o.width, .kernel = 3, .pad = 1, .bias = false})),
        bn2_(child<BatchNorm2d>("bn2", {.channels = o.width})) {
    if (o.stride != 1 || o.in != o.width)
      downsample_ = &child<Downsample>("downsample", {.in = o.in, .out = o.width, .stride = o.stride});
  }

  Tensor forward(const Tensor& x) override {
    const Tensor shortcut = downsample_ ? (*downsample_)(x) : x;
    return conv_bn_relu(conv2_, bn2_, conv_bn_relu(conv1_, bn1_, x), shortcut);
  }

 private:
  Conv2d& conv1_;
  BatchNorm2d& bn1_;
  Conv2d& conv2_;
  BatchNorm2d& bn2_;
  Downsample* downsample_ = nullptr;
};

/// relu(1x1, 3x3 with the stride, 1x1 to four times the width + shortcut).
class Bottleneck : public Module {
 public:
  using Options = BlockOptions;
  static constexpr int kExpansion = 4;

  explicit Bottleneck(const Options& o)
      : conv1_(child<Conv2d>("conv1", {.in = o.in, .out = o.width, .kernel = 1, .bias = false})),
        bn1_(child<BatchNorm2d>("bn1", {.channels = o.width})),
        conv2_(child<Conv2d>("conv2", {.in = o.width, .out = o.width, .kernel = 3, .stride = o.stride, .pad = 1, .bias = false})),
        bn2_(child<BatchNorm2d>("bn2", {.channels = o.width})),
        conv3_(child<Conv2d>("conv3", {.in = o.width, .out = kExpansion * o.width, .kernel = 1, .bias = false})),
        bn3_(child<BatchNorm2d>("bn3", {.channels = kExpansion * o.width})) {
    const int out = kExpansion * o.width;
    if (o.stride != 1 || o.in != out)
      downsample_ = &child<Downsample>("downsample", {.in = o.in, .out = out, .stride = o.stride});
  }

  Tensor forward(const Tensor& x) override {
    const Tensor shortcut = downsample_ ? (*downsample_)(x) : x;
    return conv_bn_relu(conv3_, bn3_, conv_bn_relu(conv2_, bn2_, conv_bn_relu(conv1_, bn1_, x)), shortcut);
  }

 private:
  Conv2d& conv1_;
  BatchNorm2d& bn1_;
  Conv2d& conv2_;
  BatchNorm2d& bn2_;
  Conv2d& conv3_;
  BatchNorm2d& bn3_;
  Downsample* downsample_ = nullptr;
};

template <class Block> std::unique_ptr<Sequential> layer(int blocks, int in, int width, int stride) {
  auto parts = std::make_unique<Sequential>();
  parts->add<Block>({.in = in, .width = width, .stride = stride});
  for (int i = 1; i < blocks; ++i) parts->add<Block>({.in = Block::kExpansion * width, .width = width});
  return parts;
}

template <class Block> std::array<std::unique_ptr<Sequential>, 4> layers() {
  constexpr int kStem = 64, kExpansion = Block::kExpansion;
  return {layer<Block>(3, kStem, 64, 1), layer<Block>(4, kExpansion * 64, 128, 2), layer<Block>(6, kExpansion * 128, 256, 2),
          layer<Block>(3, kExpansion * 256, 512, 2)};
}

}  // namespace

ResNet::ResNet(ResNetDepth depth, const NetworkOptions& o)
    : conv1_(child<Conv2d>("conv1", {.in = o.in_channels, .out = 64, .kernel = 7, .stride = 2, .pad = 3, .bias = false})),
      bn1_(child<BatchNorm2d>("bn1", {.channels = 64})) {
  const bool basic = depth == ResNetDepth::resnet34;
  auto parts = basic ? layers<BasicBlock>() : layers<Bottleneck>();
  for (size_t i = 0; i < parts.size(); ++i) layers_[i] = &register_module("layer" + std::to_string(i + 1), std::move(parts[i]));
  const int channels = 512 * (basic ? BasicBlock::kExpansion : Bottleneck::kExpansion);
  std::vector<Stage> stages = {{.name = "stem", .prefixes = {"conv1.", "bn1."}, .channels = 64}};
  for (int i = 0; i < 4; ++i) {
    const std::string name = "layer" + std::to_string(i + 1);
    stages.push_back({.name = name, .prefixes = {name + '.'}, .channels = channels >> (3 - i)});
  }
  finish<PooledLinear>("fc", {.in = channels, .out = o.classes}, "", std::move(stages), o);
}

Tensor ResNet::stage(int index, const Tensor& x) {
  if (index == 0) return max_pool2d(conv_bn_relu(conv1_, bn1_, x), {.kernel = 3, .stride = 2, .pad = 1});
  return (*layers_[static_cast<size_t>(index - 1)])(x);
}

std::vector<PrefixGroup> ResNet::body_groups() const {
  return {{"lower body", {"conv1.", "bn1.", "layer1.", "layer2."}}, {"upper body", {"layer3.", "layer4."}}};
}

void ResNet::reset(Generator& random) {
  visit([&](const std::string&, Module& part) {
    if (auto* conv = dynamic_cast<Conv2d*>(&part)) init::kaiming_normal(conv->weight, init::fan_out(conv->weight), random);
  });
}

}  // namespace cudenza
