/// How many are dropped, that masks differ where they should and repeat where they should.
#include "engine/ops/dropout.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/core/gpu.h"
#include "tests/support/compare.h"

namespace cudenza::testing {
namespace {

using Op = Tensor (*)(const Tensor&, double, Generator&);

/// What a kept 1 becomes: p counts in steps of 1/65536, and the scale is exactly that of the p it counts as.
double kept_value(double p) { return static_cast<double>(static_cast<float>(65536 / (65536 - std::round(p * 65536)))); }

Tensor ones(const Shape& shape, DType dtype = DType::f32) { return Tensor::full(shape, 1, dtype); }

/// Share of elements that are not zero.
double kept_share(const std::vector<double>& y) {
  double kept = 0;
  for (const double v : y) kept += v != 0;
  return kept / static_cast<double>(y.size());
}

/// The number of places where both are kept, over what independence would give.
double joint_share(const std::vector<double>& a, const std::vector<double>& b) {
  double both = 0;
  for (size_t i = 0; i < a.size(); ++i) both += a[i] != 0 && b[i] != 0;
  return both / static_cast<double>(a.size());
}

TEST(Dropout, KeepsTheShareItSaysAndScalesIt) {
  constexpr int kCount = 1 << 20;
  for (const double p : {0.001, 0.1, 0.25, 0.5, 0.9}) {
    Generator random(static_cast<uint64_t>(p * 1000));
    const auto y = dropout(ones({kCount}), p, random).to_vector<double>();
    EXPECT_NEAR(kept_share(y), 1 - p, 4 * std::sqrt(p * (1 - p) / kCount) + 1.0 / 131072) << "p " << p;
    for (const double v : y) ASSERT_TRUE(v == 0 || v == kept_value(p)) << v;
  }
}

/// y of the whole batch, put together from parts that were made by themselves.
Tensor by_parts(Op op, const Tensor& x, const std::vector<int64_t>& samples) {
  const Tensor y = Tensor::empty(x.shape(), x.dtype());
  const int64_t size = x.numel() / x.size(0);
  int64_t first = 0;
  for (const int64_t count : samples) {
    Generator random(5);
    random.set_place(first);
    y.slice(first * size, {count, size}).copy_from(op(x.slice(first * size, {count, size}), 0.5, random));
    first += count;
  }
  return y;
}

TEST(Dropout, PartsOfABatchDrawWhatTheWholeDraws) {
  for (const Op op : {Op{dropout}, Op{drop_path}}) {
    for (const int64_t size : {64, 7, 1, 1500}) {
      const Tensor x = ones({12, size});
      Generator random(5);
      const Tensor whole = op(x, 0.5, random);
      EXPECT_TRUE(is_same(by_parts(op, x, {12}), whole));
      EXPECT_TRUE(is_same(by_parts(op, x, {5, 7}), whole)) << size << " elements a sample";
      EXPECT_TRUE(is_same(by_parts(op, x, {1, 3, 8}), whole)) << size << " elements a sample";
    }
  }
}

TEST(Dropout, NeighboursArePairwiseIndependent) {
  constexpr int kCount = 1 << 20;
  Generator random(3);
  const auto y = dropout(ones({kCount + 8}), 0.5, random).to_vector<double>();
  const std::vector<double> here(y.begin(), y.end() - 8);
  for (int distance = 1; distance <= 8; ++distance) {
    const std::vector<double> there(y.begin() + distance, y.end() - 8 + distance);
    EXPECT_NEAR(joint_share(here, there), 0.25, 4 * std::sqrt(0.25 * 0.75 / kCount)) << "distance " << distance;
  }
}

TEST(Dropout, SeedsStepsAndOpsDrawIndependently) {
  constexpr int kCount = 1 << 16;
  Generator random(1), other_seed(2);
  const Tensor x = ones({kCount});
  std::vector<std::vector<double>> masks;
  masks.push_back(dropout(x, 0.5, random).to_vector<double>());
  masks.push_back(dropout(x, 0.5, random).to_vector<double>());
  random.advance_step();
  masks.push_back(dropout(x, 0.5, random).to_vector<double>());
  masks.push_back(dropout(x, 0.5, other_seed).to_vector<double>());
  for (size_t i = 0; i < masks.size(); ++i) {
    for (size_t j = 0; j < i; ++j)
      EXPECT_NEAR(joint_share(masks[i], masks[j]), 0.25, 4 * std::sqrt(0.25 * 0.75 / kCount)) << i << " and " << j;
  }
}

TEST(Dropout, MaskIsTheSameInEveryTypeAndForEveryNumberOfElements) {
  const auto mask = [](int64_t count, DType dtype) {
    Generator random(5);
    return dropout(ones({count}, dtype), 0.5, random).to_vector<double>();
  };
  const auto whole = mask(100'003, DType::f32);  // enough for several threads
  for (const DType dtype : {DType::bf16, DType::f16, DType::f64}) EXPECT_EQ(mask(100'003, dtype), whole);
  for (const int64_t count : {1, 7, 255, 1000})
    EXPECT_EQ(mask(count, DType::f32), std::vector<double>(whole.begin(), whole.begin() + count));
}

TEST(Dropout, NumbersAreTakenEightFromABlock) {
  Generator random(5);
  const uint64_t seed = 5;
  const auto y = dropout(ones({4099}), 0.3, random).to_vector<double>();
  for (size_t i = 0; i < y.size(); ++i) {
    const auto block = kernels::random4({.seed = seed, .op = 0, .step = nullptr}, i / 8);
    const uint32_t number = block.word[i % 8 / 2] >> 16 * (i % 2) & 0xFFFFu;
    ASSERT_EQ(y[i] != 0, number >= 19661) << i;  // 0.3 * 65536, rounded
  }
}

TEST(Dropout, SmallestAndLargestProbabilitiesStayWithinTheirSteps) {
  Generator random(2);
  EXPECT_EQ(kept_share(dropout(ones({1 << 16}), 1e-9, random).to_vector<double>()), 1);
  for (const double v : dropout(ones({1 << 16}), 1 - 1e-9, random).to_vector<double>()) ASSERT_TRUE(v == 0 || v == 65536) << v;
}

TEST(Dropout, BackwardHasTheMaskOfItsForward) {
  for (const Op op : {Op{dropout}, Op{drop_path}}) {
    Generator random(8);
    const Tensor x = ones({64, 33});
    x.set_requires_grad(true);
    const Tensor y = op(x, 0.3, random), later = op(x, 0.3, random);
    y.backward(ones({64, 33}));
    EXPECT_EQ(x.grad().to_vector<double>(), y.to_vector<double>());
    EXPECT_NE(later.to_vector<double>(), y.to_vector<double>());
  }
}

TEST(Dropout, BackwardOutlivesItsGenerator) {
  const Tensor x = ones({1000});
  x.set_requires_grad(true);
  Tensor y;
  {
    Generator random(8);
    random.next(Device::cpu());
    random.advance_step();
    y = dropout(x, 0.5, random);
  }
  y.backward(ones({1000}));
  EXPECT_EQ(x.grad().to_vector<double>(), y.to_vector<double>());
}

TEST(Dropout, OfProbabilityZeroIsTheIdentity) {
  Generator random(1);
  const Tensor x = ones({3, 4});
  x.set_requires_grad(true);
  EXPECT_TRUE(dropout(x, 0, random).same_elements(x));
  EXPECT_TRUE(drop_path(x, 0, random).requires_grad());
}

TEST(Dropout, ShowsTheNaNsItDrops) {
  Generator random(1);
  const Tensor x = Tensor::full({1000}, std::numeric_limits<double>::quiet_NaN(), DType::f32);
  for (const double v : dropout(x, 0.5, random).to_vector<double>()) ASSERT_TRUE(std::isnan(v));
}

TEST(Dropout, RefusesProbabilitiesOutsideZeroToOne) {
  Generator random(1);
  for (const Op op : {Op{dropout}, Op{drop_path}}) {
    for (const double p : {-0.1, 1.0, 1.5, std::numeric_limits<double>::quiet_NaN()})
      EXPECT_THROW(op(ones({2, 2}), p, random), UsageError) << p;
  }
  EXPECT_THROW(drop_path(ones({}), 0.5, random), UsageError);
}

TEST(DropPath, DropsWholeSamples) {
  constexpr int kSamples = 20'000, kSize = 11;
  Generator random(4);
  const auto y = drop_path(ones({kSamples, kSize}), 0.2, random).to_vector<double>();
  double kept = 0;
  for (int n = 0; n < kSamples; ++n) {
    const double first = y[static_cast<size_t>(n) * kSize];
    for (int i = 1; i < kSize; ++i) ASSERT_EQ(y[static_cast<size_t>(n) * kSize + static_cast<size_t>(i)], first);
    ASSERT_TRUE(first == 0 || first == kept_value(0.2));
    kept += first != 0;
  }
  EXPECT_NEAR(kept / kSamples, 0.8, 4 * std::sqrt(0.2 * 0.8 / kSamples));
}

TEST(Dropout, BothDevicesDropTheSame) {
  CUDENZA_NEEDS_GPU();
  const Tensor x = ones({7, 100'003});
  for (const Op op : {Op{dropout}, Op{drop_path}}) {
    Generator random(6), same(6);
    for (int step = 0; step < 3; ++step) {
      const auto on_cpu = op(x, 0.5, random).to_vector<double>(),
                 on_gpu = op(x.to(Device::cuda()), 0.5, same).to_vector<double>();
      EXPECT_EQ(on_cpu, on_gpu) << "step " << step;
      random.advance_step(), same.advance_step();
    }
  }
}

}  // namespace
}  // namespace cudenza::testing
