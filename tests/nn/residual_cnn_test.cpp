/// A whole training run against PyTorch: same weights, data and dropout masks by formula, 50 steps of SGD with momentum, the
/// losses stored by tests/fixtures/make_residual_cnn.py.
#include "tests/support/residual_cnn.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "engine/core/gpu.h"
#include "engine/ops/cast.h"
#include "engine/ops/softmax_xent.h"
#include "engine/optim/optimizer.h"
#include "tests/support/compare.h"

namespace cudenza::testing {
namespace {

constexpr int kSteps = 50, kBatch = 16, kBatches = 4, kSide = 32, kClasses = 10;
constexpr uint64_t kDataSeed = 1, kWeightSeed = 2, kDropoutSeed = 3;

float draw(uint64_t seed, uint32_t op, size_t index) {
  const kernels::RandomStream stream{.seed = seed, .op = op, .step = nullptr};
  return kernels::uniform_of(kernels::random4(stream, index / 4).word[index % 4]);
}

struct Batch {
  Tensor pictures, labels;
};

Batch make_batch(int number, DType dtype, Device device) {
  std::vector<int64_t> labels(kBatch);
  for (size_t n = 0; n < kBatch; ++n) labels[n] = static_cast<int64_t>(draw(kDataSeed, 1000 + number, n) * kClasses);
  std::vector<float> pictures(kBatch * kSide * kSide * 3);
  for (size_t i = 0; i < pictures.size(); ++i) {
    const size_t row = i / (kSide * 3) % kSide, n = i / (kSide * kSide * 3);
    const auto wave = static_cast<float>(std::sin(0.5 * static_cast<double>(labels[n] + 1) * static_cast<double>(row)));
    pictures[i] = (2 * draw(kDataSeed, number, i) - 1) + 0.25f * wave;
  }
  return {Tensor::from(pictures, {kBatch, kSide, kSide, 3}).to(dtype).to(device), Tensor::from(labels, {kBatch}).to(device)};
}

void set_weights(const Module& net) {
  uint32_t op = 0;
  for (const auto& [name, p] : net.named_parameters()) {
    if (name.find("bn") == std::string::npos) {
      const double bound = p.shape().rank() > 1 ? std::sqrt(6.0 / static_cast<double>(p.numel() / p.size(0))) : 0.1;
      std::vector<float> values(static_cast<size_t>(p.numel()));
      for (size_t i = 0; i < values.size(); ++i) values[i] = (2 * draw(kWeightSeed, op, i) - 1) * static_cast<float>(bound);
      p.copy_from(Tensor::from(values, p.shape()));
    }
    ++op;
  }
}

std::vector<double> train(DType dtype, Device device, int steps) {
  const auto random = std::make_shared<Generator>(kDropoutSeed);
  ResidualCnn net({.drop = 0.25, .random = random});
  set_weights(net);
  net.to(device);
  ParameterGroup group{.name = "all", .parameters = {}};  // all `weight`: the fixture's weight decay spares none
  for (const auto& [name, tensor] : net.named_parameters()) group.parameters.push_back({name, tensor});
  FlatParameters parameters({group});
  Optimizer optimizer(parameters, Sgd{.lr = 0.02, .momentum = 0.9, .weight_decay = 1e-4});
  std::vector<double> losses;
  for (int step = 0; step < steps; ++step) {
    const Batch batch = make_batch(step % kBatches, dtype, device);
    const Tensor loss = softmax_cross_entropy(cast(net(batch.pictures), DType::f32), batch.labels, {.label_smoothing = 0.1});
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    random->advance_step();
    losses.push_back(loss.item());
  }
  return losses;
}

std::vector<double> pytorch_losses() {
  std::ifstream file(CUDENZA_SOURCE_DIR "/tests/fixtures/residual_cnn_losses.txt");
  std::vector<double> losses;
  for (double loss = 0; file >> loss;) losses.push_back(loss);
  return losses;
}

double worst_relative_error(const std::vector<double>& losses, const std::vector<double>& expected) {
  double worst = 0;
  for (size_t i = 0; i < losses.size(); ++i) {
    const double error = std::abs(losses[i] - expected.at(i)) / expected[i];
    worst = error <= worst ? worst : error;  // a NaN sticks
  }
  return worst;
}

TEST(ResidualCnn, LossesEqualPyTorchsFor50Steps) {
  const auto expected = pytorch_losses();
  ASSERT_EQ(expected.size(), kSteps);
  const double worst = worst_relative_error(train(DType::f32, Device::cpu(), kSteps), expected);
  RecordProperty("worst_relative_error", std::to_string(worst));
  EXPECT_LE(worst, 1e-4);
}

// bf16 keeps 8 bits: activations and weight gradients err by 0.4 % each, and 50 steps add up. The bounds are three times
// what was seen; a wrong gradient is far outside them.
TEST(ResidualCnn, Bf16LossesFollow) {
  const auto expected = pytorch_losses();
  const auto losses = train(DType::bf16, Device::cpu(), kSteps);
  EXPECT_LE(worst_relative_error({losses.begin(), losses.begin() + 10}, expected), 0.01);
  EXPECT_LE(worst_relative_error(losses, expected), 0.06);
}

TEST(ResidualCnn, TrainsOnTheGpuAsOnTheCpu) {
  CUDENZA_NEEDS_GPU();
  EXPECT_LE(worst_relative_error(train(DType::f32, Device::cuda(), kSteps), pytorch_losses()), 1e-3);
}

}  // namespace
}  // namespace cudenza::testing
