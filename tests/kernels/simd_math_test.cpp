/// Whole registers against one element at a time: e^x, the conversions of two registers, transposed blocks of rows.
#include "kernels/simd/simd_math.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/simd/short_rows.h"
#include "kernels/simd/simd_map.h"
#include "kernels/simd/simd_pair.h"

namespace cudenza::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Pairs of registers in different orders are added by no operator, and are stored as no others.
template <class A, class B> constexpr bool kAdds = requires(A a, B b) { a + b; };
template <class T, class Pair> constexpr bool kStores = requires(T* p, Pair pair) { simd_store_pair(p, pair, false); };
static_assert(kAdds<PairOf<bf16>, PairOf<bf16>> && kAdds<PairOf<float>, PairOf<f16>>);
static_assert(!kAdds<PairOf<bf16>, PairOf<float>> && !kAdds<SimdPair<float>, PairOf<bf16>>);
static_assert(kStores<bf16, PairOf<bf16>> && kStores<float, SimdPair<float>>);
static_assert(!kStores<bf16, SimdPair<float>> && !kStores<float, PairOf<bf16>> && !kStores<f16, PairOf<bf16>>);

float exp_in_register(float x) { return simd_exp(simd_all(x))[kSimd<float> - 1]; }

TEST(SimdExp, IsWithinTwoUlpsOfTheExactValue) {
  double worst = 0, worst_at = 0;
  const auto check = [&](float x) {
    const double exact = std::exp(static_cast<double>(x));
    const double error = std::abs(exp_in_register(x) - exact) / std::ldexp(1.0, std::ilogb(exact) - 23);
    if (error > worst) worst = error, worst_at = x;
  };
  for (uint32_t bits = 0; bits <= std::bit_cast<uint32_t>(87.33f); bits += 631) {
    check(std::bit_cast<float>(bits));
    check(-std::bit_cast<float>(bits));
  }
  EXPECT_LE(worst, 2.0) << "at " << worst_at;
}

TEST(SimdExp, HasTheEndsOfItsRange) {
  EXPECT_EQ(exp_in_register(0.0f), 1.0f);
  EXPECT_EQ(exp_in_register(-0.0f), 1.0f);
  for (const float x : {-104.0f, -1e30f, std::numeric_limits<float>::lowest(), -kInfinity})
    EXPECT_EQ(exp_in_register(x), 0.0f) << x;
  EXPECT_TRUE(std::isnan(exp_in_register(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_TRUE(std::isnan(exp_in_register(-std::numeric_limits<float>::quiet_NaN())));
}

TEST(SimdSigmoid, IsSigmoidOfEachElement) {
  for (float x = -110.0f; x < 110.0f; x += 0x1p-6f)
    EXPECT_NEAR(simd_sigmoid<float>(simd_all(x))[0], 1 / (1 + std::exp(-static_cast<double>(x))), 1.2e-7) << x;
  EXPECT_EQ(simd_sigmoid<float>(simd_all(-kInfinity))[0], 0.0f);
  EXPECT_EQ(simd_sigmoid<float>(simd_all(kInfinity))[0], 1.0f);
  EXPECT_TRUE(std::isnan(simd_sigmoid<float>(simd_all(std::numeric_limits<float>::quiet_NaN()))[0]));
}

// Ties, subnormals, NaNs and what overflows to infinity among them: their lower bits are all or nothing or halfway.
TEST(SimdStore, RoundsToBf16AsOneElementDoes) {
  constexpr int kPair = 2 * kSimd<float>;
  float x[kPair];
  bf16 y[kPair], one[kSimd<float>];
  for (const uint32_t low : {0u, 1u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu}) {
    for (uint32_t high = 0; high < 0x10000; high += kPair) {
      for (uint32_t k = 0; k < kPair; ++k) x[k] = std::bit_cast<float>((high + k) << 16 | low);
      const SimdPair<float> two = simd_load2(x);
      simd_store2(y, two.first, two.second);
      simd_store(one, two.first);
      for (int k = 0; k < kPair; ++k) {
        const uint16_t expected = float16_detail::to_bf16(x[k]);
        ASSERT_EQ(y[k].bits, expected) << std::bit_cast<uint32_t>(x[k]);
        ASSERT_EQ(k < kSimd<float> ? one[k].bits : expected, expected) << std::bit_cast<uint32_t>(x[k]);
      }
    }
  }
}

TEST(SimdLoad, WidensTwoRegistersAndParts) {
  constexpr int kPair = 2 * kSimd<float>;
  bf16 x[kPair];
  for (int k = 0; k < kPair; ++k) x[k] = bf16(static_cast<float>(k) - 7.5f);
  const SimdPair<float> two = simd_load2(x);
  for (int k = 0; k < kSimd<float>; ++k) {
    EXPECT_EQ(two.first[k], static_cast<float>(x[k]));
    EXPECT_EQ(two.second[k], static_cast<float>(x[k + kSimd<float>]));
  }
  for (int lanes = 0; lanes < kSimd<float>; ++lanes) {
    const Simd<float> some = simd_load(x, lanes);
    for (int k = 0; k < kSimd<float>; ++k) EXPECT_EQ(some[k], k < lanes ? static_cast<float>(x[k]) : 0.0f);
  }
}

template <class T> void expect_columns_and_rows(int rows, int count) {
  std::vector<T> x(static_cast<size_t>(rows * count)), y(x.size() + 1);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<acc_t<T>>(static_cast<int>(i % 251) - 100);
  y.back() = static_cast<acc_t<T>>(77);
  const Columns<T> columns(x.data(), rows, count);
  for (int n = 0; n < kTile; ++n) {
    for (int c = 0; c < count; ++c)
      ASSERT_EQ(columns[c][n], n < rows ? static_cast<acc_t<T>>(x[static_cast<size_t>(n * count + c)]) : 0) << n << ',' << c;
  }
  columns.to_rows(y.data(), rows, count);
  for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(static_cast<acc_t<T>>(y[i]), static_cast<acc_t<T>>(x[i])) << i;
  EXPECT_EQ(static_cast<acc_t<T>>(y.back()), 77) << "written beyond the last row";
}

TEST(ShortRows, BecomeColumnsAndRowsAgain) {
  for (const int rows : {1, 2, 15, 16, 17, 31, 32}) {
    for (const int count : {1, 2, 3, 7, 8, 9, 10, 15, 16, 17, 24, 31, 32}) {
      expect_columns_and_rows<float>(rows, count);
      expect_columns_and_rows<bf16>(rows, count);
      expect_columns_and_rows<f16>(rows, count);
      expect_columns_and_rows<double>(rows, count);
    }
  }
}

TEST(ParallelFill, StreamsWhatItStores) {
  const int64_t count = kStreamBytes / static_cast<int64_t>(sizeof(float)) + 1237;
  std::vector<float> y(static_cast<size_t>(count + 16), -1.0f);
  float* const begin = y.data() + (-reinterpret_cast<intptr_t>(y.data()) & 31) / static_cast<int64_t>(sizeof(float));
  parallel_fill(begin, count, 1, [](float* place, int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) place[i - first] = static_cast<float>(i % 65537);
  });
  for (int64_t i = 0; i < count; ++i) ASSERT_EQ(begin[i], static_cast<float>(i % 65537)) << i;
  EXPECT_EQ(begin[count], -1.0f);
}

}  // namespace
}  // namespace cudenza::kernels
