/// Mixup's blend against its formula, and its draws against their laws.
#include "engine/ops/mixup.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "engine/core/gpu.h"
#include "tests/support/compare.h"
#include "tests/support/statistics.h"

namespace cudenza::testing {
namespace {

Tensor labels_of(int64_t samples) {
  std::vector<int64_t> labels(static_cast<size_t>(samples));
  std::iota(labels.begin(), labels.end(), 100);
  return Tensor::from(labels, {samples});
}

/// Lambdas of `steps` batches of 1000 samples of one element.
std::vector<double> lambdas(double alpha, int steps) {
  std::vector<double> all;
  Generator random(5);
  for (int step = 0; step < steps; ++step) {
    const auto some =
        mixup(Tensor::zeros({1000, 1}, DType::f32), labels_of(1000), alpha, random).labels.lambda.to_vector<double>();
    all.insert(all.end(), some.begin(), some.end());
    random.advance_step();
  }
  return all;
}

template <class F> double integral(double from, double to, F f) {  // Simpson's rule
  constexpr int kSteps = 100;
  const double step = (to - from) / kSteps;
  double sum = f(from) + f(to);
  for (int i = 1; i < kSteps; ++i) sum += (i % 2 ? 4 : 2) * f(from + i * step);
  return sum * step / 3;
}

/// P(max(l, 1 - l) <= x) for l ~ Beta(a, a): over l where the density is smooth in it, else over u = (1 - l)^a.
double folded_beta_cdf(double a, double x) {
  const double beta = std::tgamma(a) * std::tgamma(a) / std::tgamma(2 * a);
  if (a > 1) return 2 * integral(0.5, x, [a](double l) { return std::pow(l * (1 - l), a - 1); }) / beta;
  return 2 / (a * beta) *
         integral(std::pow(1 - x, a), std::pow(0.5, a), [a](double u) { return std::pow(1 - std::pow(u, 1 / a), a - 1); });
}

TEST(Mixup, PairsDrawAndBlendAsTheWholeBatch) {
  constexpr int64_t kSamples = 11, kSize = 21;
  for (const double alpha : {0.4, 2.0}) {
    Generator random(5);
    random.next(Device::cpu());
    random.advance_step();
    std::vector<float> values(kSamples * kSize);
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i * i % 97);
    const Tensor x = Tensor::from(values, {kSamples, kSize});
    const MixupDraws draws = mixup_draws(kSamples, alpha, random.state());
    const MixedBatch whole = mixup(x, labels_of(kSamples), alpha, random);
    EXPECT_EQ(draws.partner, whole.labels.partner.to_vector<int64_t>());
    EXPECT_EQ(draws.lambda, whole.labels.lambda.to_vector<float>());
    const Tensor both = Tensor::empty({2 * kSamples, kSize}, DType::f32);
    both.slice(0, x.shape()).copy_from(x);
    for (int64_t n = 0; n < kSamples; ++n)
      both.slice((kSamples + n) * kSize, {kSize}).copy_from(x.slice(draws.partner[static_cast<size_t>(n)] * kSize, {kSize}));
    EXPECT_TRUE(is_same(mix_pairs(both, whole.labels.lambda), whole.x));
  }
}

TEST(Mixup, LambdaFollowsTheFoldedBetaLaw) {
  for (const double alpha : {0.3, 0.4, 1.0, 1.5, 8.0}) {
    SCOPED_TRACE(alpha);
    const auto x = lambdas(alpha, 30);
    for (const double v : x) ASSERT_TRUE(v >= 0.5 && v <= 1) << v;
    EXPECT_LT(ks_statistic(x, [alpha](double v) { return folded_beta_cdf(alpha, v); }), kKsBound);
    double squares = 0;  // of the distance from the middle: the variance of Beta itself
    for (const double v : x) squares += (v - 0.5) * (v - 0.5) / static_cast<double>(x.size());
    EXPECT_NEAR(squares, 1 / (4 * (2 * alpha + 1)), 5 * 0.12 / std::sqrt(static_cast<double>(x.size())));
  }
}

// Most lambdas are 1 to a float's last place then, which a test of a continuous law would count against them.
TEST(Mixup, LambdaFollowsTheLawForSmallAlpha) {
  const auto x = lambdas(0.1, 100);
  for (const double at : {0.55, 0.7, 0.9, 0.99, 0.9999}) {
    const auto below = std::count_if(x.begin(), x.end(), [at](double v) { return v <= at; });
    const double share = static_cast<double>(below) / static_cast<double>(x.size());
    EXPECT_NEAR(share, folded_beta_cdf(0.1, at), 5 * 0.5 / std::sqrt(static_cast<double>(x.size()))) << at;
  }
}

TEST(Mixup, TinyAlphaHardlyMixes) {
  const auto x = lambdas(0.001, 1);
  EXPECT_GT(std::accumulate(x.begin(), x.end(), 0.0) / 1000, 0.995);
  for (const double v : x) ASSERT_TRUE(v >= 0.5 && v <= 1) << v;
}

TEST(Mixup, EveryPermutationIsEquallyLikely) {
  std::map<std::vector<int64_t>, int> seen;
  Generator random(9);
  for (int step = 0; step < 24'000; ++step) {
    ++seen[mixup(Tensor::zeros({4, 1}, DType::f32), labels_of(4), 0.4, random).labels.partner.to_vector<int64_t>()];
    random.advance_step();
  }
  std::vector<int> counts;
  for (const auto& [permutation, count] : seen) counts.push_back(count);
  ASSERT_EQ(counts.size(), 24u);
  EXPECT_LT(chi_square_excess(counts), kChiSquareBound);
}

TEST(Mixup, PartnersAreAPermutation) {
  Generator random(3);
  for (const int64_t samples : {1, 2, 63, 64, 257, 2048}) {
    auto partner =
        mixup(Tensor::zeros({samples, 1}, DType::f32), labels_of(samples), 0.4, random).labels.partner.to_vector<int64_t>();
    std::sort(partner.begin(), partner.end());
    for (int64_t n = 0; n < samples; ++n) ASSERT_EQ(partner[static_cast<size_t>(n)], n);
  }
}

class MixupFormula : public ::testing::TestWithParam<std::pair<Shape, DType>> {};

TEST_P(MixupFormula, Holds) {
  const auto& [shape, dtype] = GetParam();
  const Tensor x = make_inputs({{.shape = shape}}, dtype)[0];
  Generator random(21);
  const MixedBatch mixed = mixup(x, labels_of(shape[0]), 0.4, random);
  const auto from = x.to_vector<double>(), lambda = mixed.labels.lambda.to_vector<double>();
  const auto partner = mixed.labels.partner.to_vector<int64_t>();
  const auto size = static_cast<size_t>(x.numel() / shape[0]);
  std::vector<double> expected(from.size());
  for (size_t i = 0; i < from.size(); ++i) {
    const double other = from[static_cast<size_t>(partner[i / size]) * size + i % size];
    expected[i] = other + lambda[i / size] * (from[i] - other);
  }
  EXPECT_TRUE(is_close(mixed.x, Tensor::from(expected, shape), against_f64(dtype)));
  EXPECT_EQ(mixed.labels.labels.to_vector<int64_t>(), labels_of(shape[0]).to_vector<int64_t>());
}

// The last are large enough to be streamed past the cache: rows that begin on a 32-byte border and rows that do not.
INSTANTIATE_TEST_SUITE_P(Shapes, MixupFormula,
                         ::testing::Values(std::pair{Shape{5, 3, 4}, DType::f64}, std::pair{Shape{7, 33}, DType::f32},
                                           std::pair{Shape{64, 1000}, DType::bf16}, std::pair{Shape{9, 77}, DType::f16},
                                           std::pair{Shape{16, 300'000}, DType::f32}, std::pair{Shape{17, 250'003}, DType::f32},
                                           std::pair{Shape{17, 500'001}, DType::bf16}));

TEST(Mixup, LossOfMixedLabelsIsThatOfBlendedTargets) {
  const Tensor logits = make_inputs({{.shape = {8, 3}}}, DType::f64)[0];
  std::vector<int64_t> labels{0, 1, 2, 2, 1, 0, 0, 1};
  std::vector<double> one_hot(24);
  for (size_t n = 0; n < 8; ++n) one_hot[3 * n + static_cast<size_t>(labels[n])] = 1;
  Generator random(2);
  const MixedBatch mixed = mixup(Tensor::from(one_hot, {8, 3}), Tensor::from(labels, {8}), 0.4, random);  // x: the targets
  EXPECT_NEAR(softmax_cross_entropy(logits, mixed.labels).item(), soft_cross_entropy(logits, mixed.x).item(), 1e-14);
}

TEST(Mixup, AlphaZeroGivesXItself) {
  const Tensor x = make_inputs({{.shape = {8, 3}}}, DType::f32)[0];
  Generator random(2);
  const MixedBatch mixed = mixup(x, labels_of(8), 0, random);
  EXPECT_TRUE(mixed.x.same_elements(x));
  EXPECT_EQ(mixed.labels.lambda.to_vector<double>(), std::vector<double>(8, 1));
}

TEST(Mixup, StepsSeedsAndCallsDrawAnew) {
  const Tensor x = Tensor::zeros({64, 1}, DType::f32);
  const auto draw = [&](Generator& random) { return mixup(x, labels_of(64), 0.4, random).labels.lambda.to_vector<double>(); };
  Generator random(1), same(1), other(2);
  const auto first = draw(random);
  EXPECT_EQ(draw(same), first);
  EXPECT_NE(draw(other), first);
  EXPECT_NE(draw(random), first);
  random.advance_step();
  EXPECT_NE(draw(random), first);
}

TEST(Mixup, NumberOfThreadsChangesNothing) {
  const Tensor x = make_inputs({{.shape = {32, 40'000}}}, DType::f32)[0];
  const auto run = [&](int threads) {
    const int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    Generator random(4);
    const auto y = mixup(x, labels_of(32), 0.4, random).x.to_vector<float>();
    omp_set_num_threads(before);
    return y;
  };
  EXPECT_EQ(run(1), run(3));
}

TEST(Mixup, BothDevicesDrawTheSame) {
  CUDENZA_NEEDS_GPU();
  const Tensor x = make_inputs({{.shape = {300, 640}}}, DType::f32)[0];
  for (const double alpha : {0.4, 2.0}) {
    Generator random(6), same(6);
    for (int step = 0; step < 3; ++step) {
      const MixedBatch on_cpu = mixup(x, labels_of(300), alpha, random),
                       on_gpu = mixup(x.to(Device::cuda()), labels_of(300).to(Device::cuda()), alpha, same);
      EXPECT_EQ(on_gpu.labels.partner.to_vector<int64_t>(), on_cpu.labels.partner.to_vector<int64_t>());
      EXPECT_EQ(on_gpu.labels.lambda.to_vector<float>(), on_cpu.labels.lambda.to_vector<float>());
      EXPECT_TRUE(is_close(on_gpu.x, on_cpu.x, kernel_against_cpu(DType::f32)));
      random.advance_step(), same.advance_step();
    }
  }
}

TEST(Mixup, RefusesWhatCannotBeMixed) {
  Generator random(1);
  const Tensor x = Tensor::zeros({4, 3}, DType::f32);
  EXPECT_THROW(mixup(x, labels_of(4), -0.1, random), UsageError);
  EXPECT_THROW(mixup(x, labels_of(4), INFINITY, random), UsageError);
  EXPECT_THROW(mixup(x, labels_of(3), 0.4, random), UsageError);
  EXPECT_THROW(mixup(x, {}, 0.4, random), UsageError);
  EXPECT_THROW(mixup(x.to(DType::i16), labels_of(4), 0.4, random), UsageError);
  EXPECT_THROW(mixup(Tensor::zeros({0, 3}, DType::f32), labels_of(0), 0.4, random), UsageError);
  EXPECT_THROW(mixup(Tensor::zeros({2049, 1}, DType::f32), labels_of(2049), 0.4, random), UsageError);
  EXPECT_THROW(mixup(x.clone().set_requires_grad(true), labels_of(4), 0.4, random), UsageError);
}

}  // namespace
}  // namespace cudenza::testing
