/// The fused op against the ops that it is made of, folding, and what it keeps.
#include "engine/ops/conv_bn_act.h"

#include <gtest/gtest.h>

#include <random>

#include "engine/core/storage.h"
#include "engine/ops/pointwise.h"
#include "tests/support/compare.h"

namespace cudenza::testing {
namespace {

Tensor random_tensor(const Shape& shape, unsigned seed, double mean = 0) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(mean, 1);
  std::vector<double> values(static_cast<size_t>(shape.numel()));
  for (double& v : values) v = normal(random);
  return Tensor::from(values, shape);
}

struct Arguments {
  Tensor x, w, residual;
  BatchNormState state;
  std::vector<Tensor> leaves() const { return {x, w, state.gamma, state.beta, residual}; }
};

Arguments make_arguments(bool tracked) {
  const Arguments a{.x = random_tensor({3, 6, 5, 4}, 1),
                    .w = random_tensor({8, 3, 3, 4}, 2),
                    .residual = random_tensor({3, 3, 3, 8}, 3),
                    .state = {.gamma = random_tensor({8}, 4, 1),
                              .beta = random_tensor({8}, 5),
                              .running_mean = random_tensor({8}, 6),
                              .running_var = Tensor::full({8}, 3, DType::f64)}};
  for (const Tensor& leaf : a.leaves()) leaf.set_requires_grad(tracked);
  return a;
}

Tensor fused(const Arguments& a, bool training) {
  return conv_bn_act(a.x, a.w, {.stride = 2, .pad = 1}, a.state, training, true, a.residual);
}
Tensor unfused(const Arguments& a, bool training) {
  return relu(add(batch_norm(conv2d(a.x, a.w, {.stride = 2, .pad = 1}), a.state, training), a.residual));
}

class ConvBnAct : public ::testing::TestWithParam<bool> {};

TEST_P(ConvBnAct, EqualsTheOpsThatItIsMadeOf) {
  const bool training = GetParam();
  const Arguments a = make_arguments(true), b = make_arguments(true);
  const Tensor y = fused(a, training), expected = unfused(b, training), dy = random_tensor(y.shape(), 9);
  EXPECT_TRUE(is_close(y, expected, against_f64(DType::f64)));
  EXPECT_TRUE(is_close(a.state.running_mean, b.state.running_mean, against_f64(DType::f64)));
  EXPECT_TRUE(is_close(a.state.running_var, b.state.running_var, against_f64(DType::f64)));
  y.backward(dy);
  expected.backward(dy);
  for (size_t i = 0; i < a.leaves().size(); ++i)
    EXPECT_TRUE(is_close(a.leaves()[i].grad(), b.leaves()[i].grad(), against_f64(DType::f64))) << "gradient " << i;
}

TEST_P(ConvBnAct, EqualsThemWhereNothingTracksGradients) {
  const bool training = GetParam();
  const Arguments a = make_arguments(false), b = make_arguments(false);
  EXPECT_TRUE(is_close(fused(a, training), unfused(b, training), against_f64(DType::f64)));
  EXPECT_TRUE(is_close(a.state.running_var, b.state.running_var, against_f64(DType::f64)));
}

TEST_P(ConvBnAct, GivesOnlyTheGradientsThatAreWanted) {
  const bool training = GetParam();
  const Arguments all = make_arguments(true);
  const Tensor dy = random_tensor(all.residual.shape(), 9);
  fused(all, training).backward(dy);
  for (size_t wanted = 0; wanted < all.leaves().size(); ++wanted) {
    const Arguments a = make_arguments(false);
    a.leaves()[wanted].set_requires_grad(true);
    fused(a, training).backward(dy);
    for (size_t i = 0; i < a.leaves().size(); ++i) {
      if (i != wanted) EXPECT_FALSE(a.leaves()[i].grad().defined()) << "gradient " << i << " beside " << wanted;
      else EXPECT_TRUE(is_close(a.leaves()[i].grad(), all.leaves()[i].grad(), against_f64(DType::f64))) << "gradient " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, ConvBnAct, ::testing::Bool(), [](const auto& test) { return test.param ? "Training" : "Inference"; });

TEST(ConvBnActFold, FoldedConvolutionDoesWhatBoth) {
  const Arguments a = make_arguments(false);
  const auto [w, bias] = fold_batch_norm(a.w, a.state);
  const Conv2dSpec spec{.stride = 2, .pad = 1};
  EXPECT_TRUE(is_close(conv2d(a.x, w, spec, bias), batch_norm(conv2d(a.x, a.w, spec), a.state, false), against_f64(DType::f64)));
}

TEST(ConvBnActFold, KeepsTheWeightsTypeAndTheBiasInTheAccumulatorType) {
  const Arguments a = make_arguments(false);
  const BatchNormState& s = a.state;
  const BatchNormState f32{s.gamma.to(DType::f32), s.beta.to(DType::f32), s.running_mean.to(DType::f32),
                           s.running_var.to(DType::f32)};
  const auto [w, bias] = fold_batch_norm(a.w.to(DType::bf16), f32);
  EXPECT_EQ(w.dtype(), DType::bf16);
  EXPECT_EQ(bias.dtype(), DType::f32);
}

TEST(ConvBnActMemory, KeepsTheConvolutionsOutputAndOneBitAnElement) {
  const Tensor x = random_tensor({8, 8, 8, 16}, 1).set_requires_grad(true),
               w = random_tensor({32, 1, 1, 16}, 2).set_requires_grad(true);
  const BatchNormState state{Tensor::full({32}, 1, DType::f64), Tensor::zeros({32}, DType::f64), Tensor::zeros({32}, DType::f64),
                             Tensor::full({32}, 1, DType::f64)};
  const size_t before = cpu_memory_use().now_bytes;
  const Tensor y = conv_bn_act(x, w, {}, state, true, true);
  const size_t kept = cpu_memory_use().now_bytes - before - y.bytes(), conv_output = y.bytes(),
               mask = static_cast<size_t>(y.numel()) / 8;
  EXPECT_GE(kept, conv_output + mask);
  EXPECT_LE(kept, conv_output + mask + 4096);
}

TEST(ConvBnActErrors, NameTheValuesAndTheRemedy) {
  const auto message = [](const Arguments& a) -> std::string {
    try {
      fused(a, true);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "no error";
  };
  Arguments a = make_arguments(false);
  a.x = random_tensor({3, 6, 5, 1}, 1);
  EXPECT_EQ(message(a).rfind("conv_bn_act: x has 1 channel but w expects 4", 0), 0u) << message(a);
  a = make_arguments(false);
  a.state.beta = Tensor::zeros({4}, DType::f64);
  EXPECT_EQ(message(a), "conv_bn_act: 8 channels are to be normalised, but beta is [4]; make the state for 8 channels");
  a = make_arguments(false);
  a.residual = random_tensor({3, 6, 5, 8}, 1);
  EXPECT_EQ(message(a),
            "conv_bn_act: the residual f64 [3,6,5,8] on cpu cannot be added to f64 [3,3,3,8] on cpu; project it to that shape "
            "and type first");
}

}  // namespace
}  // namespace cudenza::testing
