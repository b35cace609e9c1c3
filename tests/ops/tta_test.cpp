/// Joined probabilities against the formulas of the study, written out.
#include "engine/ops/tta.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/compare.h"

namespace cudenza::testing {
namespace {

constexpr int64_t kRows = 3, kClasses = 5, kVariants = 8;

Tensor logits(int64_t rows, int seed) {
  std::vector<double> x;
  for (int64_t i = 0; i < rows * kClasses; ++i) x.push_back(4 * std::sin(static_cast<double>(seed + 7 * i * i)));
  return Tensor::from(x, {rows, kClasses});
}

/// Probability of class c in row `row` of the logits.
double softmax_at(const Tensor& t, int64_t row, int64_t c) {
  const auto x = t.span<double>();
  double sum = 0;
  for (int64_t k = 0; k < kClasses; ++k) sum += std::exp(x[static_cast<size_t>(row * kClasses + k)]);
  return std::exp(x[static_cast<size_t>(row * kClasses + c)]) / sum;
}

class Joined : public ::testing::Test {
 protected:
  const Tensor plain = logits(kRows, 1), variants = logits(kVariants * kRows, 2);

  double a(int64_t b, int64_t c) const {  // the mean over the variants
    double sum = 0;
    for (int64_t v = 0; v < kVariants; ++v) sum += softmax_at(variants, v * kRows + b, c);
    return sum / kVariants;
  }
  double most(int64_t b, int64_t c) const {
    double most = softmax_at(plain, b, c);
    for (int64_t v = 0; v < kVariants; ++v) most = std::max(most, softmax_at(variants, v * kRows + b, c));
    return most;
  }
  template <class F> void expect(const TtaSpec& spec, F expected) const {
    const auto y = tta_probabilities(plain, variants, spec).to_vector<double>();
    for (int64_t b = 0; b < kRows; ++b) {
      double sum = 0;
      for (int64_t c = 0; c < kClasses; ++c) {
        EXPECT_NEAR(y[static_cast<size_t>(b * kClasses + c)], expected(b, c), 1e-14) << b << ',' << c;
        sum += y[static_cast<size_t>(b * kClasses + c)];
      }
      EXPECT_NEAR(sum, 1, 1e-14);
    }
  }
};

TEST_F(Joined, ByTheStudysFormula) {
  expect({}, [&](int64_t b, int64_t c) { return 0.75 * a(b, c) + 0.25 * softmax_at(plain, b, c); });
}

TEST_F(Joined, ByAnyBeta) {
  for (const double beta : {0.0, 0.6, 1.0})
    expect({.beta = beta}, [&](int64_t b, int64_t c) { return (1 - beta) * a(b, c) + beta * softmax_at(plain, b, c); });
}

TEST_F(Joined, AsTheMeanOfAllPasses) {
  expect({.mode = TtaMode::mean},
         [&](int64_t b, int64_t c) { return (kVariants * a(b, c) + softmax_at(plain, b, c)) / (kVariants + 1); });
}

TEST_F(Joined, ByTheLargestScaledToOne) {
  expect({.mode = TtaMode::max}, [&](int64_t b, int64_t c) {
    double sum = 0;
    for (int64_t k = 0; k < kClasses; ++k) sum += most(b, k);
    return most(b, c) / sum;
  });
}

TEST_F(Joined, LargeLogitsDoNotOverflow) {
  const Tensor huge = Tensor::from(std::vector<float>{1000, 998, -1000, 0}, {2, 2});
  const auto y = tta_probabilities(huge, huge).to_vector<double>();
  EXPECT_NEAR(y[0], 1 / (1 + std::exp(-2.0)), 1e-6);
  EXPECT_EQ(y[3], 1.0);
}

TEST_F(Joined, RepeatsBitForBit) {
  const Tensor p = plain.to(DType::f32), v = variants.to(DType::f32);
  EXPECT_EQ(tta_probabilities(p, v).to_vector<float>(), tta_probabilities(p, v).to_vector<float>());
}

void expect_refused(const std::function<void()>& call, const std::string& part) {
  try {
    call();
    ADD_FAILURE() << "was not refused: " << part;
  } catch (const UsageError& e) {
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  }
}

TEST_F(Joined, RefusesWhatDoesNotMatch) {
  expect_refused([&] { tta_probabilities(plain, logits(7, 1)); }, "must be [n*3,5] with n from 1 to 4095, but are [7,5]");
  expect_refused([&] { tta_probabilities(plain, variants.to(DType::f32)); }, "both must be alike");
  expect_refused([&] { tta_probabilities(Tensor::zeros({3}, DType::f32), variants); }, "[B,classes]");
  expect_refused([&] { tta_probabilities(plain, variants, {.beta = 1.5}); }, "beta is 1.5");
  expect_refused([] { tta_mode_from_name("median"); }, "choose blend, mean or max");
}

TEST(TtaMode, NamesGoBothWays) {
  for (const TtaMode mode : {TtaMode::blend, TtaMode::mean, TtaMode::max}) EXPECT_EQ(tta_mode_from_name(name_of(mode)), mode);
}

}  // namespace
}  // namespace cudenza::testing
