#include "engine/ops/batch_norm.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cstring>
#include <random>

#include "engine/autograd/node.h"
#include "engine/core/storage.h"
#include "engine/ops/pointwise.h"
#include "tests/support/compare.h"
#include "tests/support/thread_ranks.h"

namespace cudenza::testing {
namespace {

BatchNormState fresh_state(int64_t channels, DType dtype = DType::f32) {
  return {.gamma = Tensor::full({channels}, 1, dtype),
          .beta = Tensor::zeros({channels}, dtype),
          .running_mean = Tensor::zeros({channels}, dtype),
          .running_var = Tensor::full({channels}, 1, dtype)};
}

/// N(mean, 1) in f32.
Tensor random_tensor(const Shape& shape, double mean = 0) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(static_cast<float>(mean), 1.0f);
  std::vector<float> values(static_cast<size_t>(shape.numel()));
  for (float& v : values) v = normal(random);
  return Tensor::from(values, shape);
}

void expect_values(const Tensor& result, const std::vector<double>& expected, std::string_view what) {
  EXPECT_TRUE(is_close(result, Tensor::from(expected, result.shape()), {1e-11, 1e-11})) << what;
}

// The values are PyTorch's:
//   bn = torch.nn.BatchNorm1d(2, dtype=torch.float64); weight, bias, running_mean, running_var and x, r, dy as below
//   bn.train(training); y = torch.relu(bn(x) + r); y.backward(dy)
struct Known {
  bool training;
  std::vector<double> y, running_mean, running_var, dx, dgamma, dbeta, dresidual;
};

class BatchNormAsPyTorch : public ::testing::TestWithParam<Known> {};

TEST_P(BatchNormAsPyTorch, ForwardRunningStatisticsAndGradients) {
  const Known& known = GetParam();
  const auto tensor = [](std::vector<double> values, const Shape& shape) { return Tensor::from(values, shape); };
  const Tensor x = tensor({1, -2, 3, 0.5, -1, 4, 2, 1.5}, {4, 2}), r = tensor({0.5, 1, -1, 0.25, 0.75, -2, 1, 0}, {4, 2});
  const BatchNormState state{.gamma = tensor({1.5, -0.5}, {2}),
                             .beta = tensor({0.25, 1}, {2}),
                             .running_mean = tensor({0.5, 1}, {2}),
                             .running_var = tensor({2, 0.25}, {2})};
  for (const Tensor& t : {x, r, state.gamma, state.beta}) t.set_requires_grad(true);
  const Tensor y = batch_norm_act(x, state, known.training, true, r);
  y.backward(tensor({1, 2, 3, -1, 0.5, 1, -2, 4}, {4, 2}));
  expect_values(y, known.y, "y");
  expect_values(state.running_mean, known.running_mean, "running_mean");
  expect_values(state.running_var, known.running_var, "running_var");
  expect_values(x.grad(), known.dx, "dx");
  expect_values(state.gamma.grad(), known.dgamma, "dgamma");
  expect_values(state.beta.grad(), known.dbeta, "dbeta");
  expect_values(r.grad(), known.dresidual, "dresidual");
}

INSTANTIATE_TEST_SUITE_P(
    , BatchNormAsPyTorch,
    ::testing::Values(
        Known{.training = true,
              .y = {0.496454303114, 2.69748507843, 1.0248198782, 1.36624751307, 0, 0, 2.01063709066, 0.883752486929},
              .running_mean = {0.575, 1},
              .running_var = {2.09166666666667, 0.841666666666667},
              .dx = {0.608509208903, -0.0424149184585, 1.82553226295, 0.54510653401, 0.405668942399, 0.158662431529,
                     -2.83971041425, -0.661354047081},
              .dgamma = {2.36642650427, -1.62746518299},
              .dbeta = {2, 5},
              .dresidual = {1, 2, 3, -1, 0, 0, -2, 4}},
        Known{.training = false,
              .y = {1.28032876007, 4.9999400018, 1.90164380035, 1.7499900003, 0, 0, 2.84098628021, 0.5000099997},
              .running_mean = {0.5, 1},
              .running_var = {2, 0.25},
              .dx = {1.06065752014, -1.9999600012, 3.18197256042, 0.9999800006, 0, 0, -2.12131504028, -3.9999200024},
              .dgamma = {3.53552506713, -6.9998600042},
              .dbeta = {2, 5},
              .dresidual = {1, 2, 3, -1, 0, 0, -2, 4}}),
    [](const auto& test) { return test.param.training ? "Training" : "Inference"; });

// E[x²] - E[x]² would lose all digits here: mean² = 1e8 and variance 1 are 8 digits apart, more than float has.
TEST(BatchNorm, StatisticsKeepTheirDigitsWhereTheMeanIsLarge) {
  const Tensor x = random_tensor({60000, 3}, 1e4);  // reduced in several parts
  const BatchNormState state = fresh_state(3), exact = fresh_state(3, DType::f64);
  const Tensor y = batch_norm(x, state, true), y_exact = batch_norm(x.to(DType::f64), exact, true);
  EXPECT_TRUE(is_close(state.running_var, exact.running_var, {0, 1e-5}));
  EXPECT_TRUE(is_close(state.running_mean, exact.running_mean, {0, 1e-6}));
  // x - mean is exact, so y errs by the mean's own rounding: half a unit in the last place of 1e4 is 5e-4 of a deviation.
  EXPECT_TRUE(is_close(y, y_exact, {5e-4, 0}));
}

TEST(BatchNorm, ResultsAreEqualBitForBitOnAnyNumberOfThreads) {
  const Tensor x = random_tensor({4000, 40}), dy = random_tensor({4000, 40}, 1);
  const auto outcome = [&](int threads) {
    const int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    const BatchNormState state = fresh_state(40);
    const Tensor leaf = x.clone();
    for (const Tensor& t : {leaf, state.gamma, state.beta}) t.set_requires_grad(true);
    const Tensor y = batch_norm_act(leaf, state, true, true);
    y.backward(dy);
    omp_set_num_threads(before);
    return std::vector{y.to_vector<float>(), state.running_var.to_vector<float>(), leaf.grad().to_vector<float>(),
                       state.gamma.grad().to_vector<float>()};
  };
  const auto one = outcome(1);
  EXPECT_EQ(one, outcome(2));
  EXPECT_EQ(one, outcome(7));
}

TEST(BatchNorm, InferenceLeavesTheRunningStatisticsAndIsNotMovedByLaterTraining) {
  const BatchNormState state = fresh_state(4);
  const Tensor x = random_tensor({6, 4}, 3).set_requires_grad(true);
  state.gamma.set_requires_grad(true);
  const Tensor y = batch_norm(x, state, false);
  EXPECT_EQ(state.running_mean.to_vector<float>(), std::vector<float>(4, 0.0f));
  batch_norm(x.detach(), state, true);  // between forward and backward
  EXPECT_NE(state.running_mean.to_vector<float>(), std::vector<float>(4, 0.0f));
  y.backward(Tensor::full({6, 4}, 1, DType::f32));
  for (const float dx : x.grad().to_vector<float>()) EXPECT_NEAR(dx, 1.0f, 1e-5);  // gamma / sqrt(1 + eps), as forward saw it
}

TEST(BatchNorm, TrainingUpdatesRunningStatisticsThoughNothingIsRecorded) {
  NoGrad no_grad;
  const BatchNormState state = fresh_state(2);
  batch_norm(Tensor::from(std::vector<float>{1, 10, 3, 30}, {2, 2}), state, true);
  EXPECT_EQ(state.running_mean.to_vector<float>(), (std::vector<float>{0.2f, 2.0f}));
  EXPECT_FLOAT_EQ(state.running_var.to_vector<float>()[0], 0.9f + 0.1f * 2.0f);  // unbiased: ((1-2)² + (3-2)²) / (2 - 1)
}

/// The gradients of x, gamma and the residual, where y has so many users that send back 1.5, 0.5 and 0.25 of its weights.
std::vector<Tensor> gradients_with_users(int users) {
  const Tensor x = random_tensor({6, 5, 40}), residual = random_tensor({6, 5, 40}, 0.1), weights = random_tensor({6, 5, 40}, 1);
  const BatchNormState state = fresh_state(40);
  for (const Tensor& t : {x, residual, state.gamma}) t.set_requires_grad(true);
  const Tensor y = batch_norm_act(x, state, true, true, residual);
  const double parts[] = {1.5, 0.5, 0.25};
  Tensor all;
  for (int user = 0; user < users; ++user) {
    const Tensor used = scale(y, parts[user]);
    all = user == 0 ? used : add(all, used);
  }
  all.backward(weights);
  return {x.grad(), state.gamma.grad(), residual.grad()};
}

TEST(BatchNorm, AddsTheGradientsOfAResultWithSeveralUsers) {
  const std::vector<Tensor> one = gradients_with_users(1);
  for (const int users : {2, 3}) {
    const double factor = users == 2 ? 2.0 / 1.5 : 2.25 / 1.5;
    const std::vector<Tensor> result = gradients_with_users(users);
    for (size_t i = 0; i < one.size(); ++i) {
      NoGrad no_grad;
      EXPECT_TRUE(is_close(result[i], scale(one[i], factor), {1e-5, 1e-5})) << users << " users, gradient " << i;
    }
  }
}

TEST(BatchNorm, KeepsForTheBackwardPassXAndOneBitAnElement) {
  const Tensor x = random_tensor({512, 64}).set_requires_grad(true);
  const BatchNormState state = fresh_state(64);
  const size_t before = cpu_memory_use().now_bytes;
  const Tensor y = batch_norm_act(x, state, true, true);
  const size_t kept = cpu_memory_use().now_bytes - before - y.bytes();  // x was there before
  EXPECT_GE(kept, 512u * 64 / 8);
  EXPECT_LE(kept, 512u * 64 / 8 + 4096);
}

// Results of 16 MB and more are streamed past the cache, their quarters are not.
TEST(BatchNorm, LargeResultsEqualThoseOfTheirQuarters) {
  constexpr int64_t kRows = int64_t{1} << 18, kChannels = 40;  // not whole mask words
  std::vector<float> values(kRows * kChannels);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * 2654435761u >> 16 & 255) / 64 - 2;
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const Tensor x = Tensor::from(values, {kRows, kChannels}).to(dtype), residual = x.clone();
    const auto outcome = [&](int64_t begin, int64_t rows) {
      const Tensor part = x.slice(begin * kChannels, {rows, kChannels}),
                   other = residual.slice(begin * kChannels, {rows, kChannels});
      for (const Tensor& t : {part, other}) t.set_requires_grad(true);
      const Tensor y = batch_norm_act(part, fresh_state(kChannels), false, true, other);
      y.backward(part.detach());
      return std::vector{y, part.grad(), other.grad()};
    };
    const auto whole = outcome(0, kRows);
    for (int64_t begin = 0; begin < kRows; begin += kRows / 4) {
      const auto quarter = outcome(begin, kRows / 4);
      for (size_t i = 0; i < whole.size(); ++i) {
        const Tensor same = whole[i].slice(begin * kChannels, quarter[i].shape());
        EXPECT_EQ(std::memcmp(quarter[i].raw(), same.raw(), same.bytes()), 0)
            << name_of(dtype) << " result " << i << " from row " << begin;
      }
    }
  }
}

/// What a batch norm makes of x, or of this rank's part of it.
struct OfRows {
  Tensor y, dx, dgamma, dbeta, running_mean, running_var;
};

OfRows of_rows(const Tensor& x, const Tensor& dy, Ranks* together) {
  BatchNormState state = fresh_state(x.shape().channels(), x.dtype());
  state.together = together;
  for (const Tensor& leaf : {x, state.gamma, state.beta}) leaf.set_requires_grad(true);
  const Tensor y = batch_norm_act(x, state, true, true);
  y.backward(dy);
  return {y.detach(), x.grad(), state.gamma.grad(), state.beta.grad(), state.running_mean, state.running_var};
}

TEST(BatchNorm, RanksWithUnevenPartsGiveTheWholeBatchs) {
  constexpr int64_t kRows = 11, kChannels = 6;
  const Tensor x = random_tensor({kRows, kChannels}, 100), dy = random_tensor({kRows, kChannels});
  const OfRows whole = of_rows(x.clone(), dy, nullptr);
  for (const int size : {2, 4}) {
    as_ranks(size, [&](const std::shared_ptr<Ranks>& ranks) {
      const Share own = ranks->share(kRows);
      const auto part = [&](const Tensor& t) { return t.slice(own.begin * kChannels, {own.count, kChannels}).clone(); };
      const OfRows here = of_rows(part(x), part(dy), ranks.get());
      constexpr Tolerance kNear{2e-5, 2e-5};  // of values 100 times their deviation, whose digits the subtraction takes
      EXPECT_TRUE(is_close(here.y, part(whole.y), kNear));
      EXPECT_TRUE(is_close(here.dx, part(whole.dx), kNear));
      EXPECT_TRUE(is_close(here.running_mean, whole.running_mean, kNear));
      EXPECT_TRUE(is_close(here.running_var, whole.running_var, kNear));
      ranks->sum(here.dgamma), ranks->sum(here.dbeta);
      EXPECT_TRUE(is_close(here.dgamma, whole.dgamma, kNear));
      EXPECT_TRUE(is_close(here.dbeta, whole.dbeta, kNear));
    });
  }
}

TEST(BatchNorm, ErrorsNameTheValuesAndTheRemedy) {
  const auto message = [](const Tensor& x, const BatchNormState& state, bool training,
                          const Tensor& residual = {}) -> std::string {
    try {
      batch_norm_act(x, state, training, true, residual);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "no error";
  };
  const Tensor x = random_tensor({4, 8});
  EXPECT_EQ(message(x, fresh_state(6), true),
            "batch_norm_act: 8 channels are to be normalised, but gamma is [6]; make the state for 8 channels");
  EXPECT_EQ(message(random_tensor({1, 8}), fresh_state(8), true),
            "batch_norm_act: expected more than 1 value per channel when training, but x is [1,8]; use a larger batch (drop the "
            "last, short one) or inference");
  EXPECT_EQ(message(random_tensor({1, 8}), fresh_state(8), false), "no error");
  EXPECT_EQ(message(random_tensor({8}), fresh_state(8), false),
            "batch_norm_act: x must be [..., channels] of rank 2 or more, but it is [8]");
  EXPECT_EQ(message(x, fresh_state(8, DType::f64), true),
            "batch_norm_act: f32 on cpu needs gamma of f32 there, but it is f64 on cpu");
  EXPECT_EQ(message(x, fresh_state(8), true, random_tensor({2, 8})),
            "batch_norm_act: the residual f32 [2,8] on cpu cannot be added to f32 [4,8] on cpu; project it to that shape and "
            "type first");
  BatchNormState no_variance = fresh_state(8);
  no_variance.running_var = {};
  EXPECT_EQ(message(x, no_variance, true),
            "batch_norm_act: the state has no running_var; it needs gamma, beta, running_mean and running_var of [8]");
}

}  // namespace
}  // namespace cudenza::testing
