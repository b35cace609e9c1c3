/// Whole optimizer steps, for whichever device a test program has: the CPU, the host that stands for a GPU, a GPU.
#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "engine/core/gpu.h"
#include "engine/optim/optimizer.h"
#include "tests/fixtures/optimizer_fixture.h"

namespace cudenza::testing {

/// Fills the flat gradient from `g`, which covers its beginning; the rest becomes zero.
inline void put_gradient(const FlatParameters& parameters, std::vector<float> g) {
  g.resize(static_cast<size_t>(parameters.gradients().numel()), 0.0f);
  parameters.gradients().copy_from(Tensor::from(g, parameters.gradients().shape()));
}

/// Every element's gradient.
inline void put_gradient(const FlatParameters& parameters, float g) {
  put_gradient(parameters, std::vector<float>(static_cast<size_t>(parameters.gradients().numel()), g));
}

/// One group "all" with one weight.
inline FlatParameters one_weight(const Tensor& p) { return FlatParameters({{"all", {{"p", p}}}}); }

/// The steps of tests/fixtures/make_optimizer_fixture.py: parameters after all of them.
inline std::vector<double> trajectory(Device device, const OptimizerMethod& method, double max_norm) {
  std::vector<float> start;
  for (int i = 0; i < fixture::kParameters; ++i) start.push_back(static_cast<float>(std::sin(i + 1)));
  const Tensor p = Tensor::from(start, {fixture::kParameters}, device);
  FlatParameters parameters = one_weight(p);
  Optimizer optimizer(parameters, method);
  optimizer.set_max_norm(max_norm);
  for (int step = 0; step < fixture::kSteps; ++step) {
    auto g = p.to_vector<float>();
    for (int i = 0; i < fixture::kParameters; ++i) g[i] = static_cast<float>(0.5 * std::cos(0.7 * step + 1.3 * i) + 0.2 * g[i]);
    put_gradient(parameters, g);
    optimizer.step();
  }
  EXPECT_EQ(optimizer.report().steps, fixture::kSteps);
  return p.to_vector<double>();
}

inline void check_trajectories(Device device) {
  struct Run {
    std::string name;
    OptimizerMethod method;
    double max_norm;
    std::array<double, fixture::kParameters> expected;
  };
  const Run runs[] = {
      {"SGD", Sgd{.lr = 0.05, .momentum = 0.9}, 0, fixture::kSgdMomentum},
      {"SGD, Nesterov", Sgd{.lr = 0.05, .momentum = 0.8, .weight_decay = 0.1, .nesterov = true}, 0, fixture::kSgdNesterovDecay},
      {"SGD, clipped", Sgd{.lr = 0.05, .momentum = 0.9}, 0.75, fixture::kSgdClipped},
      {"Adam", Adam{.lr = 0.01, .weight_decay = 0}, 0, fixture::kAdamWithoutDecay},
      {"AdamW", AdamW{.lr = 0.01, .weight_decay = 0.1}, 0, fixture::kAdamW},
  };
  for (const Run& run : runs) {
    SCOPED_TRACE(run.name);
    const auto result = trajectory(device, run.method, run.max_norm);
    for (int i = 0; i < fixture::kParameters; ++i) EXPECT_NEAR(result[i], run.expected[i], 1e-6) << "parameter " << i;
  }
}

/// Overflow halves the scale and leaves everything else alone; good steps double it; gradients are unscaled.
inline void check_loss_scale(Device device) {
  const Tensor p = Tensor::full({3}, 1, DType::f32, device);
  FlatParameters parameters = one_weight(p);
  Optimizer optimizer(parameters, Sgd{.lr = 0.5, .momentum = 0});
  optimizer.use_loss_scale({.initial = 1024, .growth_interval = 2});
  const auto step = [&](float g) {
    put_gradient(parameters, {512, g, 512});
    optimizer.step();
    return optimizer.report();
  };
  for (const float bad : {INFINITY, -INFINITY, NAN}) EXPECT_FALSE(step(bad).applied);
  EXPECT_EQ(p.to_vector<float>(), std::vector<float>(3, 1.0f));
  EXPECT_EQ(optimizer.report().steps, 0);
  EXPECT_EQ(optimizer.report().skipped_steps, 3);
  EXPECT_EQ(optimizer.report().loss_scale, 128);
  EXPECT_TRUE(step(0).applied);
  EXPECT_EQ(p.to_vector<float>(), (std::vector<float>{-1, 1, -1}));  // 1 - 0.5 · 512 / 128
  EXPECT_FLOAT_EQ(optimizer.report().gradient_norm, std::sqrt(2.0) * 512 / 128);
  EXPECT_EQ(optimizer.report().loss_scale, 128);  // one good step is not yet two
  EXPECT_EQ(step(0).loss_scale, 256);
  EXPECT_EQ(step(0).loss_scale, 256);
  EXPECT_EQ(step(INFINITY).loss_scale, 128);  // and the count begins anew
  EXPECT_EQ(step(0).loss_scale, 128);
  EXPECT_EQ(step(0).loss_scale, 256);
}

/// A captured step obeys rates that are set between its replays, and counts its steps.
inline void check_captured_step(Device device) {
  const Tensor p = Tensor::full({5}, 1, DType::f32, device);
  FlatParameters parameters = one_weight(p);
  Optimizer optimizer(parameters, Sgd{.lr = 1, .momentum = 0});
  optimizer.set_skip_non_finite(true);
  put_gradient(parameters, 0.25f);
  const gpu::CapturedGraph step(device.index(), [&] { optimizer.step(); });
  std::vector<float> seen;
  for (const double lr : {1.0, 2.0, 0.5}) {
    optimizer.set_rates(std::vector{lr});
    step.replay();
    seen.push_back(p.to_vector<float>()[4]);
  }
  EXPECT_EQ(seen, (std::vector<float>{0.75f, 0.25f, 0.125f}));
  EXPECT_EQ(optimizer.report().steps, 3);
}

}  // namespace cudenza::testing
