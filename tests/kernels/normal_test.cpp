/// Normal numbers against Box and Muller's formulas in double, and against the law they are to follow.
#include "kernels/common/normal.h"

#include <gtest/gtest.h>

#include "kernels/common/philox.h"
#include "tests/support/statistics.h"

namespace cudenza::kernels {
namespace {

using testing::kKsBound;

/// The first `count` normals of a stream, both of each pair.
std::vector<double> normals(uint32_t op, int count) {
  std::vector<double> x;
  for (uint64_t block = 0; static_cast<int>(x.size()) < count; ++block) {
    const Random4 random = random4({.seed = 7, .op = op, .step = nullptr}, block);
    for (int k = 0; k < 4; k += 2) {
      const NormalPair pair = normal_pair(random.word[k], random.word[k + 1]);
      x.push_back(pair.first), x.push_back(pair.second);
    }
  }
  return x;
}

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

TEST(Direction, IsTheCosineAndSineOfItsAngle) {
  for (uint64_t i = 0; i < (uint64_t{1} << 32); i += 99'991) {
    const auto word = static_cast<uint32_t>(i);
    const NormalPair direction = direction_of(word);
    const double quarter = M_PI / 2 * ((word & 0x7FFFFF) / 8388608.0);  // and the signs of the two upper bits
    ASSERT_NEAR(direction.first, (word >> 31 ? -1 : 1) * std::cos(quarter), 1.5e-7) << word;
    ASSERT_NEAR(direction.second, (word >> 30 & 1 ? -1 : 1) * std::sin(quarter), 1.5e-7) << word;
  }
}

TEST(Normal, IsBoxAndMullersFormula) {
  for (uint32_t i = 0; i < 0x800000; i += 97) {
    const uint32_t angle = i * 2'654'435'761u;
    const NormalPair pair = normal_pair(i, angle), direction = direction_of(angle);
    const double radius = std::sqrt(-2 * std::log(1 - i / 8388608.0));
    ASSERT_NEAR(pair.first, radius * static_cast<double>(direction.first), 4e-7 * radius) << i;
    ASSERT_NEAR(pair.second, radius * static_cast<double>(direction.second), 4e-7 * radius) << i;
  }
}

TEST(Normal, HasItsEnds) {
  EXPECT_EQ(normal_pair(0, 0).first, 0.0f);
  const float most = normal_pair(0x7FFFFF, 0).first;
  EXPECT_GT(most, 5.6f);
  EXPECT_LT(most, 5.7f);
}

TEST(Normal, FollowsTheLaw) {
  constexpr int kCount = 1 << 20;
  const auto x = normals(1, kCount);
  const auto [mean, variance] = testing::mean_and_variance(x);
  EXPECT_NEAR(mean, 0, 5 / std::sqrt(kCount));
  EXPECT_NEAR(variance, 1, 5 * std::sqrt(2.0 / kCount));
  EXPECT_LT(testing::ks_statistic(x, normal_cdf), kKsBound);
  double fourth = 0, beyond_four = 0;
  for (const double v : x) fourth += v * v * v * v / kCount, beyond_four += std::abs(v) > 4;
  EXPECT_NEAR(fourth, 3, 5 * std::sqrt(96.0 / kCount));
  EXPECT_NEAR(beyond_four, 6.33e-5 * kCount, 5 * std::sqrt(6.33e-5 * kCount));
}

TEST(Normal, NeighboursAreIndependent) {
  constexpr int kCount = 1 << 20;
  const auto x = normals(2, kCount + 4);
  for (size_t distance = 1; distance <= 4; ++distance) {
    double product = 0, of_squares = 0;
    for (size_t i = 0; i < kCount; ++i) {
      const double a = x[i], b = x[i + distance];
      product += a * b / kCount, of_squares += (a * a - 1) * (b * b - 1) / kCount;
    }
    EXPECT_NEAR(product, 0, 5 / std::sqrt(kCount)) << distance;
    EXPECT_NEAR(of_squares, 0, 5 * 2 / std::sqrt(kCount)) << distance;
  }
}

}  // namespace
}  // namespace cudenza::kernels
