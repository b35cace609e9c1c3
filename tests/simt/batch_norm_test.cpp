/// What the OpCases of batch_norm cannot say of its kernels: misaligned arrays, statistics that arrive as sums, digits kept,
/// bit equality, the mask's layout.
#include "kernels/batch_norm/batch_norm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "kernels/simt/simt.h"

namespace cudenza::kernels {
namespace {

constexpr simt::Order kOrders[] = {simt::Order::kForward, simt::Order::kReverse, simt::Order::kRandom};

std::vector<float> random_values(int64_t count, float mean = 0, unsigned seed = 3) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(mean, 1.0f);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& v : values) v = normal(random);
  return values;
}

/// Everything that one training step of a batch norm with ReLU makes.
struct Step {
  std::vector<float> mean, inv_std, running_mean, running_variance, y, dgamma, dbeta, dx, dresidual;
  std::vector<uint32_t> mask;
  bool operator==(const Step&) const = default;
};

/// How dy comes: whole, or as two equal terms, whose sum's dz may overwrite the first.
enum class Terms { one, two, two_in_place };

/// x and dy start `offset` elements into their arrays: 0 is aligned for packs, 1 is not.
template <class Where>
Step run(Where where, const BatchNormShape& shape, int64_t offset, float mean = 0, Terms terms = Terms::one) {
  const int64_t count = shape.rows * shape.channels;
  const auto channels = static_cast<size_t>(shape.channels);
  const auto padded = [&](std::vector<float> values) {
    return values.insert(values.begin(), static_cast<size_t>(offset), 0.0f), values;
  };
  const auto x = padded(random_values(count, mean)), dy = padded(random_values(count, 0, 4)),
             gamma = random_values(shape.channels, 1, 5);
  const std::vector<float> beta(channels, 0.25f);
  Step s{.mean = std::vector<float>(channels),
         .inv_std = std::vector<float>(channels),
         .running_mean = std::vector<float>(channels, 0.5f),
         .running_variance = std::vector<float>(channels, 2.0f),
         .y = std::vector<float>(x.size()),
         .dgamma = std::vector<float>(channels),
         .dbeta = std::vector<float>(channels),
         .dx = std::vector<float>(x.size()),
         .dresidual = std::vector<float>(x.size()),
         .mask = std::vector<uint32_t>(static_cast<size_t>(shape.mask_words()))};
  std::vector<float> workspace(static_cast<size_t>(batch_norm_workspace(where, shape)), NAN);
  const RunningStatistics<float> running{s.running_mean.data(), s.running_variance.data(), 0.25};
  batch_norm_statistics(where, x.data() + offset, shape, 1e-5, s.mean.data(), s.inv_std.data(), running, workspace.data());
  const BatchNormChannels<float> c{gamma.data(), beta.data(), s.mean.data(), s.inv_std.data()};
  const float *no_residual = nullptr, *x_data = x.data() + offset, *dy_data = dy.data() + offset;
  batch_norm_apply(where, x_data, no_residual, shape, c, true, s.y.data() + offset, s.mask.data());
  std::vector<float> half = dy;
  for (float& value : half) value *= 0.5f;
  const std::vector<float> other_half = half;
  float *const dx = s.dx.data() + offset, *const dresidual = s.dresidual.data() + offset, *const no_array = nullptr;
  float* const dz = terms == Terms::two_in_place ? half.data() + offset : dresidual;
  const BatchNormUpstream<float> whole{.dy = dy_data, .mask = s.mask.data()},
      halves{half.data() + offset, s.mask.data(), other_half.data() + offset, dz};
  batch_norm_backward_reduce(where, terms == Terms::one ? whole : halves, x_data, shape, c, s.dgamma.data(), s.dbeta.data(),
                             workspace.data());
  if (terms != Terms::one) {
    const float* const sum = dz;
    batch_norm_backward_apply(where, sum, x_data, nullptr, shape, c, s.dgamma.data(), s.dbeta.data(), dx, no_array);
    std::copy_n(sum, count, dresidual);
  } else {
    batch_norm_backward_apply(where, dy_data, x_data, s.mask.data(), shape, c, s.dgamma.data(), s.dbeta.data(), dx, dresidual);
  }
  return s;
}

void expect_near(const std::vector<float>& result, const std::vector<float>& expected, float tolerance, const char* what) {
  ASSERT_EQ(result.size(), expected.size());
  for (size_t i = 0; i < result.size(); ++i) ASSERT_NEAR(result[i], expected[i], tolerance) << what << ' ' << i;
}

TEST(BatchNormKernel, MisalignedArraysAreServed) {
  for (const BatchNormShape& shape : {BatchNormShape{.rows = 9, .channels = 8}, {.rows = 33, .channels = 36}}) {
    const Step expected = run(Cpu{}, shape, 1), result = run(Gpu{}, shape, 1);
    EXPECT_EQ(result.mask, expected.mask);
    expect_near(result.y, expected.y, 1e-5f, "y");
    expect_near(result.dx, expected.dx, 2e-5f, "dx");
    expect_near(result.dresidual, expected.dresidual, 0, "dresidual");
    expect_near(result.dgamma, expected.dgamma, 2e-5f, "dgamma");
  }
}

// relu(0) has no slope: the mask's bit is 0 there, as the reference's.
TEST(BatchNormKernel, TheMaskEndsAtZero) {
  simt::set_order(simt::Order::kForward);
  const BatchNormShape shape{.rows = 3, .channels = 8};
  const std::vector<float> x{-1, 0, 1, 0, -0.0f, NAN, 0, 2, 0, 0, 0, 0, 1, 1, 1, 1, -1, -2, 3, 4, 0, 5, 0, 6}, ones(8, 1),
      zeros(8, 0);
  const auto mask = [&](auto where) {
    std::vector<float> y(x.size());
    std::vector<uint32_t> words(static_cast<size_t>(shape.mask_words()));
    const float* const no_residual = nullptr;
    batch_norm_apply(where, x.data(), no_residual, shape, {ones.data(), zeros.data(), zeros.data(), ones.data()}, true, y.data(),
                     words.data());
    return words;
  };
  EXPECT_EQ(mask(Gpu{}), mask(Reference{}));
}

TEST(BatchNormKernel, TwoTermsOfTheGradientAreOne) {
  for (const BatchNormShape& shape : {BatchNormShape{.rows = 9, .channels = 8}, {.rows = 700, .channels = 36}}) {
    for (const int64_t offset : {0, 1}) {
      for (const Terms terms : {Terms::two, Terms::two_in_place}) {
        EXPECT_TRUE(run(Cpu{}, shape, offset, 0, terms) == run(Cpu{}, shape, offset));
        EXPECT_TRUE(run(Gpu{}, shape, offset, 0, terms) == run(Gpu{}, shape, offset));
      }
    }
  }
}

TEST(BatchNormKernel, RepeatsBitForBitInEveryThreadOrder) {
  const BatchNormShape shape{.rows = 700, .channels = 12};  // several blocks, a short last group
  simt::set_order(simt::Order::kForward);
  const Step expected = run(Gpu{}, shape, 0);
  for (const auto order : kOrders) {
    simt::set_order(order);
    EXPECT_TRUE(run(Gpu{}, shape, 0) == expected);
  }
}

// The second stage's threads take more than one block's results each where there are more than 64.
TEST(BatchNormKernel, ManyBlocksAreMerged) {
  simt::set_order(simt::Order::kForward);
  const BatchNormShape shape{.rows = 16'700, .channels = 4};
  const Step expected = run(Cpu{}, shape, 0), result = run(Gpu{}, shape, 0);
  expect_near(result.mean, expected.mean, 1e-6f, "mean");
  expect_near(result.inv_std, expected.inv_std, 1e-6f, "inv_std");
  expect_near(result.dbeta, expected.dbeta, 1e-3f, "dbeta");
}

TEST(BatchNormKernel, StatisticsKeepTheirDigitsWhereTheMeanIsLarge) {
  const BatchNormShape shape{.rows = 1500, .channels = 8};
  const auto x = random_values(shape.rows * shape.channels, 1e4f);  // what run() makes
  const Step result = run(Gpu{}, shape, 0, 1e4f);
  for (int64_t c = 0; c < shape.channels; ++c) {
    double mean = 0, variance = 0;
    for (int64_t r = 0; r < shape.rows; ++r)
      mean += x[static_cast<size_t>(r * shape.channels + c)] / static_cast<double>(shape.rows);
    for (int64_t r = 0; r < shape.rows; ++r)
      variance += std::pow(x[static_cast<size_t>(r * shape.channels + c)] - mean, 2) / static_cast<double>(shape.rows);
    const auto at = static_cast<size_t>(c);
    EXPECT_NEAR(result.mean[at], mean, 1e-3);  // one unit in the last place of 1e4
    EXPECT_NEAR(result.inv_std[at] * std::sqrt(variance + 1e-5), 1, 1e-5);
  }
}

TEST(BatchNormKernel, MaskHasABitAnElementAndEachRowItsOwnWords) {
  const BatchNormShape shape{.rows = 3, .channels = 36};
  for (const int64_t offset : {0, 1}) {
    const Step result = run(Gpu{}, shape, offset);
    ASSERT_EQ(result.mask.size(), 6u);
    for (int64_t r = 0; r < shape.rows; ++r) {
      for (int64_t c = 0; c < 64; ++c) {
        const bool positive = c < shape.channels && result.y[static_cast<size_t>(offset + r * shape.channels + c)] > 0;
        EXPECT_EQ(result.mask[static_cast<size_t>(r * 2 + c / 32)] >> c % 32 & 1u, positive ? 1u : 0u) << r << ' ' << c;
      }
    }
  }
}

template <class Where> void expect_finalize_equals_statistics(Where where) {
  const BatchNormShape shape{.rows = 50, .channels = 300};  // more channels than a block has threads
  const auto x = random_values(shape.rows * shape.channels, 0.5f);
  const Step expected = run(where, shape, 0, 0.5f);
  std::vector<float> sum(300), squares(300), mean(300), inv_std(300), running_mean(300, 0.5f), running_variance(300, 2.0f);
  for (size_t i = 0; i < x.size(); ++i) sum[i % 300] += x[i], squares[i % 300] += x[i] * x[i];
  batch_norm_finalize(where, sum.data(), squares.data(), shape, 1e-5, mean.data(), inv_std.data(),
                      RunningStatistics<float>{running_mean.data(), running_variance.data(), 0.25});
  expect_near(mean, expected.mean, 1e-6f, "mean");
  expect_near(inv_std, expected.inv_std, 1e-5f, "inv_std");
  expect_near(running_mean, expected.running_mean, 1e-6f, "running_mean");
  expect_near(running_variance, expected.running_variance, 1e-5f, "running_variance");
}

TEST(BatchNormKernel, FinalizeOfSumsEqualsStatistics) {
  expect_finalize_equals_statistics(Cpu{});
  expect_finalize_equals_statistics(Gpu{});
}

TEST(BatchNormKernel, NoRunningStatisticsAreAskedFor) {
  const float sum = 6, squares = 14;  // of 1, 2, 3
  float mean = 0, inv_std = 0;
  batch_norm_finalize(Gpu{}, &sum, &squares, {.rows = 3, .channels = 1}, 0, &mean, &inv_std, RunningStatistics<float>{});
  EXPECT_FLOAT_EQ(mean, 2);
  EXPECT_FLOAT_EQ(inv_std, std::sqrt(1.5f));
}

}  // namespace
}  // namespace cudenza::kernels
