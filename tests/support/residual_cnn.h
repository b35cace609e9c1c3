/// A small network with every kind of part: convolution, batch norm, ReLU, pooling, a shortcut, dropout, a linear layer. The
/// same as tests/fixtures/make_residual_cnn.py builds with PyTorch.
#pragma once
#include "engine/nn/layers.h"
#include "engine/ops/pointwise.h"

namespace cudenza::testing {

class ResidualCnn : public Module {
 public:
  struct Options {
    double drop = 0.25;
    std::shared_ptr<Generator> random;
  };
  explicit ResidualCnn(const Options& o)
      : conv1(child<Conv2d>("conv1", {.in = 3, .out = 16, .kernel = 3, .pad = 1, .bias = false})),
        bn1(child<BatchNorm2d>("bn1", {.channels = 16})),
        block_conv1(child<Conv2d>("block_conv1", {.in = 16, .out = 32, .kernel = 3, .stride = 2, .pad = 1, .bias = false})),
        block_bn1(child<BatchNorm2d>("block_bn1", {.channels = 32})),
        block_conv2(child<Conv2d>("block_conv2", {.in = 32, .out = 32, .kernel = 3, .pad = 1, .bias = false})),
        block_bn2(child<BatchNorm2d>("block_bn2", {.channels = 32})),
        shortcut_conv(child<Conv2d>("shortcut_conv", {.in = 16, .out = 32, .kernel = 1, .stride = 2, .bias = false})),
        shortcut_bn(child<BatchNorm2d>("shortcut_bn", {.channels = 32})),
        drop(child<Dropout>("drop", {.p = o.drop, .random = o.random})),
        fc(child<Linear>("fc", {.in = 32, .out = 10})) {}

  Tensor forward(const Tensor& x) override {
    const Tensor stem = max_pool2d(conv_bn_relu(conv1, bn1, x), {.kernel = 3, .stride = 2, .pad = 1});
    const Tensor shortcut = conv_bn(shortcut_conv, shortcut_bn, stem);
    const Tensor y = conv_bn_relu(block_conv2, block_bn2, conv_bn_relu(block_conv1, block_bn1, stem), shortcut);
    return fc(drop(reshape(adaptive_avg_pool2d(y, 1, 1), {x.size(0), 32})));
  }

  Conv2d& conv1;
  BatchNorm2d& bn1;
  Conv2d& block_conv1;
  BatchNorm2d& block_bn1;
  Conv2d& block_conv2;
  BatchNorm2d& block_bn2;
  Conv2d& shortcut_conv;
  BatchNorm2d& shortcut_bn;
  Dropout& drop;
  Linear& fc;
};

}  // namespace cudenza::testing
