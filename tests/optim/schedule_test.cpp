#include "engine/optim/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "engine/core/error.h"

namespace cudenza {
namespace {

// Points worked out by hand for fine_tune's second phase: pct_start 0.3, div 5.
TEST(Schedule, OneCycleIsFastais) {
  const OneCycle spec{.pct_start = 0.3, .div = 5};
  const struct {
    double progress, lr_factor, momentum;
  } points[] = {
      {0, 0.2, 0.95},
      {0.15, 0.6, 0.90},                           // half way up: the middle of 1/5 and 1
      {0.1, 0.2 + 0.8 * 0.25, 0.95 - 0.1 * 0.25},  // (1 + cos(2/3 pi)) / 2 = 1/4
      {0.3, 1, 0.85},
      {0.65, (1 + 1e-5) / 2, 0.90},  // half way down
      {0.3 + 0.7 / 3, 1 - (1 - 1e-5) * 0.25, 0.875},
      {1, 1e-5, 0.95},
  };
  for (const auto& point : points) {
    const ScheduleValue value = one_cycle(point.progress, spec);
    EXPECT_NEAR(value.lr_factor, point.lr_factor, 1e-12) << point.progress;
    EXPECT_NEAR(value.momentum.value(), point.momentum, 1e-12) << point.progress;
  }
}

// fine_tune's first phase rises until the last batch but a hundredth.
TEST(Schedule, OneCycleOfTheFrozenPhaseRisesTo99Percent) {
  const OneCycle spec{.pct_start = 0.99};
  EXPECT_DOUBLE_EQ(one_cycle(0, spec).lr_factor, 1.0 / 25);
  for (int i = 0; i < 99; ++i) EXPECT_LT(one_cycle(i / 100.0, spec).lr_factor, one_cycle((i + 1) / 100.0, spec).lr_factor);
  EXPECT_DOUBLE_EQ(one_cycle(0.99, spec).lr_factor, 1);
  EXPECT_NEAR(one_cycle(1, spec).lr_factor, 1e-5, 1e-15);
}

TEST(Schedule, CosineAgreesWithItsFormula) {
  for (int i = 0; i <= 10; ++i) {
    const double t = i / 10.0;
    EXPECT_NEAR(cosine(3, 7, t), 3 + 4 * std::pow(std::sin(std::numbers::pi * t / 2), 2), 1e-12);
  }
}

TEST(Schedule, WarmupIsALineAndThenACosine) {
  const CosineWithWarmup spec{.warmup = 0.2, .start = 0.1, .end = 0.02};
  EXPECT_DOUBLE_EQ(cosine_with_warmup(0, spec).lr_factor, 0.1);
  EXPECT_DOUBLE_EQ(cosine_with_warmup(0.1, spec).lr_factor, 0.55);
  EXPECT_DOUBLE_EQ(cosine_with_warmup(0.2, spec).lr_factor, 1);
  EXPECT_NEAR(cosine_with_warmup(0.6, spec).lr_factor, 0.51, 1e-12);
  EXPECT_NEAR(cosine_with_warmup(1, spec).lr_factor, 0.02, 1e-12);
  EXPECT_FALSE(cosine_with_warmup(0.5, spec).momentum.has_value());
  EXPECT_EQ(constant_rate().lr_factor, 1);
}

TEST(Schedule, RatesOfGroups) {
  const auto rates = geometric_rates(1e-4, 1e-2, 3);
  ASSERT_EQ(rates.size(), 3u);
  EXPECT_NEAR(rates[0], 1e-4, 1e-18);
  EXPECT_NEAR(rates[1], 1e-3, 1e-16);
  EXPECT_EQ(rates[2], 1e-2);
  EXPECT_EQ(geometric_rates(1e-4, 1e-2, 1), std::vector{1e-2});
  EXPECT_EQ(head_rates(1e-2, 3), (std::vector{1e-3, 1e-3, 1e-2}));
}

TEST(Schedule, RefusesProgressOutsideTheRun) {
  EXPECT_THROW(one_cycle(1.01), UsageError);
  EXPECT_THROW(cosine_with_warmup(-0.1), UsageError);
  EXPECT_THROW(one_cycle(0.5, {.pct_start = 1}), UsageError);
  EXPECT_THROW(geometric_rates(0, 1, 3), UsageError);
}

}  // namespace
}  // namespace cudenza
