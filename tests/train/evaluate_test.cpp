#include "engine/train/evaluate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/libraries/math_mode.h"
#include "tests/train/toy.h"

namespace cudenza::testing {
namespace {

using Rows = std::vector<int64_t>;

/// Two logits of a picture of four numbers, by formula: their first and last number.
class FirstAndLast : public Module {
 public:
  Tensor forward(const Tensor& x) override {
    const auto v = x.to_vector<float>();
    std::vector<float> y;
    for (size_t i = 0; i < v.size(); i += 4) y.push_back(v[i]), y.push_back(v[i + 3]);
    return Tensor::from(y, {x.size(0), 2});
  }
};

double probability(int64_t row, float shift) {
  const double a = ToyInput::value(row, 0, shift), b = ToyInput::value(row, 3, shift);
  return std::exp(a) / (std::exp(a) + std::exp(b));
}

TEST(Evaluate, GivesTheSoftmaxOfEveryRow) {
  FirstAndLast network;
  ToyInput input(10);
  const Rows rows{3, 1, 4, 1, 5};
  const auto p = evaluate(network, input, rows, {.batch_size = 2});
  ASSERT_EQ(p.size(), 10u);
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_NEAR(p[2 * i], probability(rows[i], 0), 1e-6);
    EXPECT_NEAR(p[2 * i + 1], 1 - p[2 * i], 1e-6);
  }
}

class NoNumber : public FirstAndLast {
 public:
  Tensor forward(const Tensor& x) override { return Tensor::full({x.size(0), 2}, NAN, DType::f32); }
};

TEST(Evaluate, RefusesWhatIsNoNumber) {
  NoNumber network;
  ToyInput input(10);
  EXPECT_THROW(evaluate(network, input, Rows{0, 1}), NotFiniteError);
}

/// Pass k of a ToyInput is shifted by k + 1, which a softmax over shifted logits does not see: so one logit is scaled.
class Scaled : public FirstAndLast {
 public:
  Tensor forward(const Tensor& x) override {
    const Tensor y = FirstAndLast::forward(x);
    for (size_t i = 0; i < y.span<float>().size(); i += 2) y.span<float>()[i] *= 2;
    return y;
  }
};

double scaled_probability(int64_t row, float shift) {
  const double a = 2 * ToyInput::value(row, 0, shift), b = ToyInput::value(row, 3, shift);
  return std::exp(a) / (std::exp(a) + std::exp(b));
}

TEST(Evaluate, JoinsPassesAsFastaiDoes) {
  Scaled network;
  ToyInput input(10);
  const Rows rows{2, 7, 5};
  const auto blend = evaluate(network, input, rows, {.batch_size = 4, .tta = 2});
  const auto mean = evaluate(network, input, rows, {.batch_size = 64, .tta = 2, .join = {TtaMode::mean}});
  const auto max = evaluate(network, input, rows, {.batch_size = 64, .tta = 2, .join = {TtaMode::max}});
  for (size_t i = 0; i < rows.size(); ++i) {
    const double plain = scaled_probability(rows[i], 0), one = scaled_probability(rows[i], 1),
                 two = scaled_probability(rows[i], 2);
    EXPECT_NEAR(blend[2 * i], 0.75 * (one + two) / 2 + 0.25 * plain, 1e-6);
    EXPECT_NEAR(mean[2 * i], (one + two + plain) / 3, 1e-6);
    const double highest = std::max({plain, one, two}), other = 1 - std::min({plain, one, two});
    EXPECT_NEAR(max[2 * i], highest / (highest + other), 1e-6);
  }
}

/// Adds to its logits what it sees beside a picture, as rounding does.
class LooksAtItsNeighbours : public FirstAndLast {
 public:
  Tensor forward(const Tensor& x) override { return scale(FirstAndLast::forward(x), 1 + 1e-3 * static_cast<double>(x.size(0))); }
};

TEST(Evaluate, DeterministicallyDependsOnNoBatchSize) {
  LooksAtItsNeighbours network;
  ToyInput input(10);
  const Rows rows{3, 1, 4, 1, 5};
  const auto judged = [&](int64_t batch, int tta) { return evaluate(network, input, rows, {.batch_size = batch, .tta = tta}); };
  for (const int tta : {0, 2}) EXPECT_NE(judged(1, tta), judged(8, tta));
  const ExactMath exact;
  for (const int tta : {0, 2}) {
    for (const int64_t batch : {2, 3, 8, 64}) EXPECT_EQ(judged(batch, tta), judged(1, tta)) << batch;
  }
}

TEST(Evaluate, KeepsTheModeAndIsStoppedWhenAsked) {
  Toy toy({.rows = 8, .drop = 0.5});
  toy.net.train(true);
  const Rows rows{0, 1, 2, 3};
  EXPECT_EQ(evaluate(toy.net, toy.input, rows), evaluate(toy.net, toy.input, rows));  // no dropout, no new statistics
  EXPECT_TRUE(toy.net.training());
  EXPECT_THROW(evaluate(toy.net, toy.input, rows, {.batch_size = 1, .progress = [](int64_t done) { return done < 2; }}), Stopped);
}

TEST(Evaluate, MeansOverViewsAndGroups) {
  FirstAndLast network;
  ToyInput once(10), thrice(10, 3);
  const Rows rows{6, 2};
  const auto a = evaluate(network, once, rows), b = evaluate(network, thrice, rows);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-6);
  const std::vector<int> file{1, 0, 1};
  EXPECT_EQ(mean_by_group(std::vector{0.25, 0.75, 1.0, 0.0, 0.75, 0.25}, file, 2), (std::vector{1.0, 0.0, 0.5, 0.5}));
}

}  // namespace
}  // namespace cudenza::testing
