#include "engine/run/bootstrap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.h"

namespace cudenza::testing {
namespace {

/// As in tests/fixtures/macro_f1.py.
Answers model(int64_t shift, int64_t clips) {
  Answers answers{.labels = {}, .predicted = {}, .tracks = {}, .classes = 6};
  for (int64_t i = 0; i < clips; ++i) {
    const int64_t label = (7 * i + i / 3) % 4;
    answers.labels.push_back(label);
    answers.predicted.push_back((i + shift) % 3 == 0 ? (label + 1 + i % 3) % 5 : label);
    answers.tracks.push_back(fmt::format("t{:02}", 3 * i / 4));
  }
  return answers;
}

void expect_interval(const Interval& got, double low, double high) {
  EXPECT_NEAR(got.low, low, 1e-13);
  EXPECT_NEAR(got.high, high, 1e-13);
}

// By scikit-learn and numpy with the same draws: tests/fixtures/macro_f1.py. The sixth class is neither there nor predicted.
TEST(MacroF1, AndItsIntervalAreScikitLearns) {
  const std::vector<Answers> both = {model(0, 40), model(1, 30)};
  EXPECT_NEAR(macro_f1(both[0]), 0.6491228070175438, 1e-15);
  EXPECT_NEAR(macro_f1(both[1]), 0.7083333333333333, 1e-15);
  expect_interval(macro_f1_interval(std::span(both).first(1)), 0.4955525793650794, 0.7711198701557634);
  expect_interval(macro_f1_interval(std::span(both).last(1)), 0.545268083309879, 0.83947805258467);
  expect_interval(macro_f1_interval(both), 0.5926827780318592, 0.7234410918188091);
}

TEST(MacroF1, ItsIntervalDependsOnTheClipsNotOnTheirOrder) {
  const Answers all = model(0, 40);
  std::vector<size_t> order(40);
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::reverse(order);
  Answers turned{.labels = {}, .predicted = {}, .tracks = {}, .classes = all.classes};
  for (const size_t i : order) {
    turned.labels.push_back(all.labels[i]);
    turned.predicted.push_back(all.predicted[i]);
    turned.tracks.push_back(all.tracks[i]);
  }
  const Interval a = macro_f1_interval(std::span(&all, 1)), b = macro_f1_interval(std::span(&turned, 1));
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
  const Interval other = macro_f1_interval(std::span(&all, 1), {.seed = 43});
  EXPECT_NE(a.low, other.low);
  EXPECT_NEAR(a.low, other.low, 0.02);
}

TEST(MacroF1, NothingAndPerfectionHaveNoWidth) {
  const Answers none{.labels = {}, .predicted = {}, .tracks = {}, .classes = 3};
  EXPECT_TRUE(std::isnan(macro_f1(none)));
  EXPECT_TRUE(std::isnan(macro_f1_interval(std::span(&none, 1)).low));
  Answers right = model(0, 40);
  right.predicted = right.labels;
  expect_interval(macro_f1_interval(std::span(&right, 1)), 1, 1);
}

TEST(MacroF1, ListsOfUnequalLengthAreRefused) {
  Answers answers = model(0, 4);
  answers.tracks.pop_back();
  EXPECT_THROW(macro_f1_interval(std::span(&answers, 1)), UsageError);
}

}  // namespace
}  // namespace cudenza::testing
