/// The host's own exp and log against the C library's in double.
#include "kernels/common/math.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace cudenza::kernels {
namespace {

/// |result - exact| in units of the last place of a float of that size; subnormals have the smallest normal's unit.
double error_in_ulps(float result, double exact) {
  const double unit = std::ldexp(1.0, std::max(std::ilogb(exact), -126) - 23);
  return std::abs(result - exact) / unit;
}

/// Calls f(x) for floats from `low` to `high`, evenly spread over their bit patterns on either side of zero.
template <class F> void sweep(float low, float high, F&& f) {
  for (uint32_t bits = 0; bits <= std::bit_cast<uint32_t>(high); bits += 631) f(std::bit_cast<float>(bits));
  for (uint32_t bits = 0; bits <= std::bit_cast<uint32_t>(-low); bits += 631) f(-std::bit_cast<float>(bits));
}

TEST(Exp, IsWithinTwoUlpsOfTheExactValue) {
  double worst = 0, worst_at = 0;
  sweep(-103.0f, 88.72f, [&](float x) {
    const double error = error_in_ulps(exp_of(x), std::exp(static_cast<double>(x)));
    if (error > worst) worst = error, worst_at = x;
  });
  EXPECT_LE(worst, 2.0) << "at " << worst_at;
}

TEST(Exp, NeverFallsByMoreThanItsError) {
  float highest = 0;
  for (float x = -104.0f; x < 88.7f; x += 0x1p-10f) {
    const float y = exp_of(x);
    ASSERT_GE(y, highest < 0x1p-126f ? highest : highest * (1 - 0x1p-22f)) << x;
    highest = std::max(highest, y);
  }
  for (float x = -80.0f; x < 88.0f; x += 0.5f) EXPECT_LT(exp_of(x), exp_of(x + 0x1p-10f)) << x;
}

TEST(Exp, HasTheEndsOfItsRange) {
  EXPECT_EQ(exp_of(0.0f), 1.0f);
  EXPECT_EQ(exp_of(-0.0f), 1.0f);
  EXPECT_EQ(exp_of(-std::numeric_limits<float>::infinity()), 0.0f);
  EXPECT_EQ(exp_of(-1e30f), 0.0f);
  EXPECT_EQ(exp_of(-104.0f), 0.0f);
  EXPECT_EQ(exp_of(std::numeric_limits<float>::infinity()), std::numeric_limits<float>::infinity());
  EXPECT_EQ(exp_of(1e30f), std::numeric_limits<float>::infinity());
  EXPECT_EQ(exp_of(88.73f), std::numeric_limits<float>::infinity());
  EXPECT_LT(exp_of(88.72f), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(exp_of(std::numeric_limits<float>::quiet_NaN())));
}

TEST(Exp, ReachesSubnormals) {
  for (float x = -103.0f; x < -87.4f; x += 0x1p-4f) {
    const float y = exp_of(x);
    EXPECT_GT(y, 0.0f) << x;
    EXPECT_LT(y, std::numeric_limits<float>::min()) << x;
  }
}

/// A logarithm of positive numbers from one with those bits on.
void expect_a_logarithm(float (*log)(float), uint32_t first_bits) {
  double worst = 0, worst_at = 0;
  for (uint32_t bits = first_bits; bits < 0x7F800000; bits += 631) {
    const float x = std::bit_cast<float>(bits);
    const double error = error_in_ulps(log(x), std::log(static_cast<double>(x)));
    if (error > worst) worst = error, worst_at = x;
  }
  EXPECT_LE(worst, 2.0) << "at " << worst_at;
}

TEST(SameLog, IsWithinTwoUlpsOfTheExactValue) {
  expect_a_logarithm([](float x) { return same_log(x); }, 0x00800000);  // the smallest that is no denormal
  EXPECT_EQ(same_log(1.0f), 0.0f);
}

TEST(Log, IsWithinTwoUlpsOfTheExactValue) {
  expect_a_logarithm([](float x) { return log_of(x); }, 1);
}

TEST(Log, HasTheEndsOfItsRange) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(log_of(1.0f), 0.0f);
  EXPECT_EQ(log_of(0.0f), -kInfinity);
  EXPECT_EQ(log_of(-0.0f), -kInfinity);
  EXPECT_EQ(log_of(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(log_of(-1.0f)));
  EXPECT_TRUE(std::isnan(log_of(-kInfinity)));
  EXPECT_TRUE(std::isnan(log_of(std::numeric_limits<float>::quiet_NaN())));
}

TEST(SameExp, IsWithinTwoUlpsOfTheExactValue) {
  double worst = 0, worst_at = 0;
  sweep(-87.0f, 88.0f, [&](float x) {
    const double error = error_in_ulps(same_exp(x), std::exp(static_cast<double>(x)));
    if (error > worst) worst = error, worst_at = x;
  });
  EXPECT_LE(worst, 2.0) << "at " << worst_at;
  EXPECT_EQ(same_exp(0.0f), 1.0f);
  EXPECT_EQ(same_exp(-1e30f), same_exp(-87.0f));
}

TEST(Log1p, IsWithinFourUlpsOfTheExactValue) {
  double worst = 0, worst_at = 0;
  sweep(-0.999f, 3e38f, [&](float x) {
    if (x == 0) return;
    const double error = error_in_ulps(log1p_of(x), std::log1p(static_cast<double>(x)));
    if (error > worst) worst = error, worst_at = x;
  });
  EXPECT_LE(worst, 4.0) << "at " << worst_at;
  EXPECT_EQ(log1p_of(0.0f), 0.0f);
  EXPECT_EQ(log1p_of(-1.0f), -std::numeric_limits<float>::infinity());
  EXPECT_EQ(log1p_of(std::numeric_limits<float>::infinity()), std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(log1p_of(-1.5f)));
  EXPECT_TRUE(std::isnan(log1p_of(std::numeric_limits<float>::quiet_NaN())));
}

TEST(Sigmoid, DoesNotOverflow) {
  EXPECT_EQ(sigmoid_of(-1000.0f), 0.0f);
  EXPECT_EQ(sigmoid_of(1000.0f), 1.0f);
  EXPECT_EQ(sigmoid_of(0.0f), 0.5f);
  EXPECT_EQ(sigmoid_of(-std::numeric_limits<double>::infinity()), 0.0);
  EXPECT_TRUE(std::isnan(sigmoid_of(std::numeric_limits<float>::quiet_NaN())));
}

}  // namespace
}  // namespace cudenza::kernels
