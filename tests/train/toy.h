/// A network of three groups and made-up pictures for it, small enough to train within a test.
#pragma once
#include <cmath>
#include <memory>

#include "engine/nn/layers.h"
#include "engine/ops/pointwise.h"
#include "engine/train/trainer.h"

namespace cudenza::testing {

/// Rows of 4 numbers as pictures [B,1,1,4]; training ones change with the epoch, views and variants with their number.
class ToyInput : public Input {
 public:
  explicit ToyInput(int64_t rows, int views = 1) : rows_(rows), views_(views) {}
  int64_t rows() const override { return rows_; }
  Device device() const override { return Device::cpu(); }
  int views() const override { return views_; }

  Tensor training(const Batch& batch) override {
    const auto rows = batch.rows.span<int64_t>();
    return pictures(rows, 1, 0.1f * static_cast<float>(batch.epoch.span<uint32_t>()[0]));
  }
  Tensor plain(std::span<const int64_t> rows) override {
    std::vector<int64_t> each;
    for (const int64_t row : rows) each.insert(each.end(), static_cast<size_t>(views_), row);
    return pictures(each, 1, 0);
  }
  Tensor variants(std::span<const int64_t> rows, int n) override { return pictures(rows, n, 1); }

  static float value(int64_t row, int c, float shift) {
    return std::sin(static_cast<float>(row * 4 + c + 1)) + static_cast<float>(row % 2) + shift;
  }

 private:
  static Tensor pictures(std::span<const int64_t> rows, int passes, float shift) {
    std::vector<float> x;
    for (int pass = 0; pass < passes; ++pass) {
      for (const int64_t row : rows) {
        for (int c = 0; c < 4; ++c) x.push_back(value(row, c, shift * static_cast<float>(pass + 1)));
      }
    }
    return Tensor::from(x, {static_cast<int64_t>(rows.size()) * passes, 1, 1, 4});
  }
  int64_t rows_;
  int views_;
};

class ToyNet : public Module {
 public:
  ToyNet(double p, const std::shared_ptr<Generator>& random)
      : fc1(child<Linear>("fc1", {.in = 4, .out = 8})),
        bn1(child<BatchNorm2d>("bn1", {.channels = 8})),
        fc2(child<Linear>("fc2", {.in = 8, .out = 8})),
        bn2(child<BatchNorm2d>("bn2", {.channels = 8})),
        drop(child<Dropout>("drop", {.p = p, .random = random})),
        head(child<Linear>("head", {.in = 8, .out = 2})) {}
  Tensor forward(const Tensor& x) override {
    const Tensor y = relu(bn1(fc1(reshape(x, {x.size(0), 4}))));
    return head(drop(relu(bn2(fc2(y)))));
  }
  Linear& fc1;
  BatchNorm2d& bn1;
  Linear& fc2;
  BatchNorm2d& bn2;
  Dropout& drop;
  Linear& head;
};

struct Toy {
  struct Options {
    int64_t rows = 24;
    double drop = 0;
    uint64_t seed = 3;
  };
  explicit Toy(const Options& o) : random(std::make_shared<Generator>(o.seed)), net(o.drop, random), input(o.rows) {
    Generator initial(o.seed);
    net.initialize(initial);
  }
  std::vector<ParameterGroup> groups() const {
    using enum ParameterKind;
    return {{"first",
             {{"fc1.weight", net.fc1.weight, weight},
              {"fc1.bias", net.fc1.bias, bias},
              {"bn1.weight", net.bn1.state.gamma, norm},
              {"bn1.bias", net.bn1.state.beta, norm}}},
            {"second",
             {{"fc2.weight", net.fc2.weight, weight},
              {"fc2.bias", net.fc2.bias, bias},
              {"bn2.weight", net.bn2.state.gamma, norm},
              {"bn2.bias", net.bn2.state.beta, norm}}},
            {"head", {{"head.weight", net.head.weight, weight}, {"head.bias", net.head.bias, bias}}}};
  }
  Trainer trainer(const Recipe& recipe) {
    std::vector<int64_t> rows, labels;
    for (int64_t row = 0; row < input.rows(); ++row) rows.push_back(row), labels.push_back(row % 2);
    return Trainer({net, groups(), input, labels, rows, random}, recipe);
  }

  std::shared_ptr<Generator> random;
  ToyNet net;
  ToyInput input;
};

}  // namespace cudenza::testing
