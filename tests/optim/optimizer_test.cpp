#include "engine/optim/optimizer.h"

#include "engine/autograd/node.h"
#include "engine/ops/softmax_xent.h"
#include "tests/optim/optimizer_checks.h"
#include "tests/support/compare.h"

namespace cudenza::testing {
namespace {

const Device kCpu = Device::cpu();

TEST(Optimizer, TakesPyTorchsSteps) { check_trajectories(kCpu); }
TEST(Optimizer, LossScaleFollowsOverflows) { check_loss_scale(kCpu); }

TEST(OptimizerOnGpu, TakesPyTorchsSteps) {
  CUDENZA_NEEDS_GPU();
  check_trajectories(Device::cuda());
}
TEST(OptimizerOnGpu, LossScaleFollowsOverflows) {
  CUDENZA_NEEDS_GPU();
  check_loss_scale(Device::cuda());
}
TEST(OptimizerOnGpu, CapturedStepObeysNewRates) {
  CUDENZA_NEEDS_GPU();
  check_captured_step(Device::cuda());
}

struct Net {
  Tensor weight = Tensor::full({3, 2}, 0.5, DType::f32), gamma = Tensor::full({3}, 1, DType::f32);
  Tensor bias = Tensor::full({3}, -1, DType::f32), head = Tensor::full({5}, 2, DType::f32);
  FlatParameters parameters{{
      {"body", {{"weight", weight}, {"gamma", gamma, ParameterKind::norm}, {"bias", bias, ParameterKind::bias}}},
      {"head", {{"head", head}}},
  }};
};

/// METHOD: p <- p(1 - lr wd); m <- b m + (1-b) g; v <- b2 v + (1-b2) g²; p <- p - lr/(1-b^t) · m/(sqrt(v/(1-b2^t)) + eps).
double method_adam(double p, const std::vector<double>& lrs, const std::vector<double>& momenta, double decay) {
  double m = 0, v = 0;
  for (size_t i = 0; i < lrs.size(); ++i) {
    const double t = static_cast<double>(i + 1), b = momenta[i], b2 = 0.99, g = static_cast<float>(std::sin(t));
    p *= 1 - lrs[i] * decay;
    m = b * m + (1 - b) * g;
    v = b2 * v + (1 - b2) * g * g;
    p -= lrs[i] / (1 - std::pow(b, t)) * m / (std::sqrt(v / (1 - std::pow(b2, t))) + 1e-5);
  }
  return p;
}

TEST(Optimizer, AdamUnderOneCycleIsTheMethods) {
  Net net;
  Optimizer optimizer(net.parameters, Adam{.weight_decay = 0.1});
  const std::vector<double> peaks{1e-3, 0.1};
  std::vector<double> body_lrs, head_lrs, momenta;
  constexpr int kSteps = 30;
  for (int step = 0; step < kSteps; ++step) {
    const ScheduleValue at = one_cycle(static_cast<double>(step) / kSteps);
    body_lrs.push_back(peaks[0] * at.lr_factor), head_lrs.push_back(peaks[1] * at.lr_factor), momenta.push_back(*at.momentum);
    optimizer.set_rates(peaks, at);
    put_gradient(net.parameters, static_cast<float>(std::sin(step + 1.0)));
    optimizer.step();
  }
  EXPECT_NEAR(net.weight.span<float>()[5], method_adam(0.5, body_lrs, momenta, 0.1), 1e-6);
  EXPECT_NEAR(net.gamma.span<float>()[2], method_adam(1, body_lrs, momenta, 0), 1e-6);  // normalisations and biases do not decay
  EXPECT_NEAR(net.bias.span<float>()[0], method_adam(-1, body_lrs, momenta, 0), 1e-6);
  EXPECT_NEAR(net.head.span<float>()[4], method_adam(2, head_lrs, momenta, 0.1), 1e-6);
  EXPECT_GT(std::abs(method_adam(0.5, body_lrs, momenta, 0.1) - method_adam(0.5, body_lrs, momenta, 0)), 1e-4);
}

TEST(Optimizer, FrozenGroupsStayAndTheirNormsTrain) {
  Net net;
  Optimizer optimizer(net.parameters, AdamW{.lr = 0.1});
  net.parameters.freeze_to(1);
  EXPECT_FALSE(net.weight.requires_grad());
  EXPECT_TRUE(net.gamma.requires_grad());
  put_gradient(net.parameters, 1.0f);
  optimizer.step();
  EXPECT_EQ(net.weight.to_vector<float>(), std::vector<float>(6, 0.5f));
  EXPECT_EQ(net.bias.to_vector<float>(), std::vector<float>(3, -1.0f));
  EXPECT_LT(net.gamma.span<float>()[0], 0.95f);
  EXPECT_LT(net.head.span<float>()[0], 1.95f);
  net.parameters.unfreeze();
  EXPECT_EQ(net.parameters.gradients().to_vector<float>()[0], 0);
  net.parameters.freeze_to(1, /*norms_too=*/true);
  EXPECT_FALSE(net.gamma.requires_grad());
  EXPECT_EQ(net.parameters.trained_count(), 5);
}

TEST(Optimizer, GradientNormLeavesFrozenGroupsOut) {
  Net net;
  Optimizer optimizer(net.parameters, Sgd{.lr = 0});
  optimizer.set_max_norm(1e9);
  net.parameters.freeze_to(1, true);
  put_gradient(net.parameters, 2.0f);
  optimizer.step();
  EXPECT_FLOAT_EQ(optimizer.report().gradient_norm, 2 * std::sqrt(16.0));  // the head's section: 5 values and its padding
}

// As PyTorch's clip_grad_norm_: a gradient whose norm is no number leaves none.
TEST(Optimizer, ClippingAGradientWithNanMakesAllOfItNan) {
  const Tensor p = Tensor::full({4}, 1, DType::f32);
  FlatParameters parameters = one_weight(p);
  Optimizer optimizer(parameters, Sgd{.lr = 0.1});
  optimizer.set_max_norm(1);
  parameters.gradients().copy_from(Tensor::full(parameters.gradients().shape(), 0.5, DType::f32));
  parameters.gradients().span<float>()[2] = NAN;
  optimizer.step();
  for (const float value : p.to_vector<float>()) EXPECT_TRUE(std::isnan(value));
}

TEST(Optimizer, ClearedStateStartsAfresh) {
  const auto two_runs = [](bool clear) {
    const Tensor p = Tensor::full({4}, 1, DType::f32);
    FlatParameters parameters = one_weight(p);
    Optimizer optimizer(parameters, Adam{.lr = 0.1, .weight_decay = 0});
    for (const float g : {1.0f, -0.25f}) {
      if (clear) optimizer.clear_state();
      put_gradient(parameters, g);
      optimizer.step();
    }
    return p.span<float>()[0];
  };
  EXPECT_NEAR(two_runs(true), 1.0f, 1e-5);  // Adam's first step is lr · sign(g): there and back
  EXPECT_LT(two_runs(false), 0.9f);
}

// The loss scale is a power of two, so scaled training takes the very same steps.
TEST(Optimizer, ScaledLossGivesTheSameSteps) {
  const auto trained = [](bool scaled) {
    const Tensor logits = Tensor::from(std::vector<float>{0.5f, -1, 2, 0, 1, -0.5f}, {2, 3});
    const Tensor labels = Tensor::from(std::vector<int64_t>{1, 2}, {2});
    FlatParameters parameters = one_weight(logits);
    Optimizer optimizer(parameters, Sgd{.lr = 1});
    if (scaled) optimizer.use_loss_scale({.initial = 4096});
    for (int step = 0; step < 3; ++step) {
      optimizer.zero_grad();
      optimizer.backward(softmax_cross_entropy(logits, labels));
      optimizer.step();
    }
    return logits.to_vector<float>();
  };
  EXPECT_EQ(trained(true), trained(false));
}

TEST(Optimizer, SkipsNonFiniteOnlyIfAsked) {
  for (const bool skip : {false, true}) {
    const Tensor p = Tensor::full({2}, 1, DType::f32);
    FlatParameters parameters = one_weight(p);
    Optimizer optimizer(parameters, Sgd{});
    optimizer.set_skip_non_finite(skip);
    put_gradient(parameters, {NAN, 0});
    optimizer.step();
    EXPECT_EQ(std::isnan(p.span<float>()[0]), !skip);
    EXPECT_EQ(optimizer.report().skipped_steps, skip ? 1 : 0);
  }
}

TEST(Optimizer, ResumesFromItsState) {
  const Tensor p = Tensor::full({40}, 1, DType::f32);
  FlatParameters parameters = one_weight(p);
  Optimizer first(parameters, Adam{});
  const auto steps = [&](Optimizer& optimizer, int begin, int end) {
    for (int step = begin; step < end; ++step) {
      put_gradient(parameters, static_cast<float>(std::sin(step)));
      optimizer.step();
    }
  };
  steps(first, 0, 5);
  const Tensor saved = parameters.values().clone();
  Optimizer second(parameters, Adam{});
  const auto from = first.state(), to = second.state();
  ASSERT_EQ(to.size(), 3u);
  for (size_t i = 0; i < to.size(); ++i) {
    EXPECT_EQ(to[i].first, from[i].first);
    to[i].second.copy_from(from[i].second);
  }
  steps(first, 5, 9);
  const auto expected = p.to_vector<float>();
  parameters.values().copy_from(saved);
  steps(second, 5, 9);
  EXPECT_EQ(p.to_vector<float>(), expected);
}

TEST(Optimizer, SettersReachTheirGroupAlone) {
  Net net;
  Optimizer optimizer(net.parameters, Sgd{.lr = 1, .momentum = 0});
  optimizer.set_lr(0, 0.25);
  optimizer.set_weight_decay(1, 0.5);
  EXPECT_EQ(optimizer.lr(0), 0.25);
  EXPECT_EQ(optimizer.lr(1), 1);
  put_gradient(net.parameters, 1.0f);
  optimizer.step();
  EXPECT_EQ(net.weight.span<float>()[0], 0.25f);
  EXPECT_EQ(net.head.span<float>()[0], 0.0f);  // 2 - (1 + 0.5 · 2)
  EXPECT_THROW(optimizer.set_lr(2, 1), UsageError);
  EXPECT_THROW(optimizer.set_rates(std::vector<double>{1}), UsageError);
  EXPECT_THROW(optimizer.set_momentum(1), UsageError);
  EXPECT_THROW(Optimizer(net.parameters, Adam{.eps = 0}), UsageError);
}

}  // namespace
}  // namespace cudenza::testing
