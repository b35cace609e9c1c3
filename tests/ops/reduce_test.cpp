/// What the cases of reduce_cases.cpp cannot say: long sums, ties, NaN, emptiness, threads, error texts.
#include "engine/ops/reduce.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <limits>

#include "engine/ops/cast.h"
#include "engine/ops/channel_scale.h"
#include "engine/ops/layout.h"
#include "engine/ops/pointwise.h"
#include "kernels/reduce/reduce.h"

namespace cudenza {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinity = std::numeric_limits<float>::infinity();

Tensor row(const std::vector<float>& values) { return Tensor::from(values, {1, static_cast<int64_t>(values.size())}); }

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

// Against the definition, in rows that fill registers and leave some over.
TEST(Reduce, TheFirstMaximumIsFoundWhateverTheValues) {
  constexpr float kValues[] = {0.0f, -0.0f, -1.0f, -kInfinity, 0.5f, 0.5f, 2.0f, kInfinity, kNan};
  for (const int64_t channels : {31, 32, 33, 71, 1000}) {
    for (const unsigned kinds : {4u, 6u, 7u, 8u, 9u}) {
      std::vector<float> values(20 * channels);
      for (size_t i = 0; i < values.size(); ++i) values[i] = kValues[(i * 2654435761u >> 7) % kinds];
      std::vector<int64_t> expected;
      for (int64_t r = 0; r < 20; ++r) {
        int64_t best = 0;
        for (int64_t c = 1; c < channels; ++c) {
          const float value = values[r * channels + c], so_far = values[r * channels + best];
          if (so_far == so_far && !(value <= so_far)) best = c;
        }
        expected.push_back(best);
      }
      const Tensor x = Tensor::from(values, {20, channels});
      EXPECT_EQ(argmax(x).to_vector<int64_t>(), expected) << channels << " " << kinds;
      EXPECT_EQ(argmax(cast(x, DType::bf16)).to_vector<int64_t>(), expected) << channels << " " << kinds;
      const auto largest = row_max(x).to_vector<float>();
      for (int64_t r = 0; r < 20; ++r) {
        const float value = values[r * channels + expected[r]];
        EXPECT_TRUE(largest[r] == value || (value != value && largest[r] != largest[r])) << r;
      }
    }
  }
}

// One running f32 sum of so many 0.1 would be wrong in the second digit. Equal terms are the worst case: every rounding of a
// short sum goes the same way.
TEST(Reduce, LongSumsInF32StayAccurate) {
  constexpr int64_t kCount = int64_t{1} << 24;
  const Tensor x = Tensor::full({kCount}, 0.1, DType::f32);
  const double exact = static_cast<double>(0.1f) * kCount;
  EXPECT_NEAR(sum(x).item(), exact, 5e-7 * exact);
  EXPECT_NEAR(mean(x).item(), 0.1, 5e-8);
  EXPECT_NEAR(sum_squares(x).item(), 0.1 * exact, 5e-8 * exact);
  for (const double s : sum_rows(x.view({kCount / 8, 8})).to_vector<double>()) EXPECT_NEAR(s, exact / 8, 5e-7 * exact / 8);
}

TEST(Reduce, SumsDoNotDependOnTheNumberOfThreads) {
  std::vector<float> values(300 * 1000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i));
  const Tensor x = Tensor::from(values, {1000, 300});
  const int threads = omp_get_max_threads();
  const auto sums = [&] { return std::pair(sum_rows(x).to_vector<float>(), sum(x).to_vector<float>()); };
  omp_set_num_threads(1);
  const auto alone = sums();
  omp_set_num_threads(3);
  const auto together = sums();
  omp_set_num_threads(threads);
  EXPECT_EQ(alone, together);
}

TEST(Reduce, ArgmaxIsTheFirstOfEquals) {
  EXPECT_EQ(argmax(row({1, 3, 2, 3})).item(), 1);
  EXPECT_EQ(argmax(row({-0.0f, 0.0f, -1})).item(), 0);
  EXPECT_EQ(argmax(row({-kInfinity, -kInfinity})).item(), 0);
  std::vector<float> values(10000, 1);
  EXPECT_EQ(argmax(row(values)).item(), 0);
  values[9001] = values[9002] = 2;
  EXPECT_EQ(argmax(row(values)).item(), 9001);
}

TEST(Reduce, NanIsTheLargest) {
  EXPECT_EQ(argmax(row({1, kNan, kInfinity, kNan})).item(), 1);
  EXPECT_TRUE(std::isnan(row_max(row({1, kNan, kInfinity})).item()));
  std::vector<float> values(10000, 1);
  values[7000] = kNan;
  values[8000] = kInfinity;
  EXPECT_EQ(argmax(row(values)).item(), 7000);
  EXPECT_TRUE(std::isnan(row_max(row(values)).item()));
}

TEST(Reduce, RowSum) {
  std::vector<float> x(3 * 77), y(3);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  kernels::row_sum(kernels::Cpu{}, x.data(), y.data(), 3, 77);
  EXPECT_EQ(y, (std::vector<float>{2926, 8855, 14784}));
}

TEST(Reduce, NothingSumsToZero) {
  EXPECT_EQ(sum(Tensor::empty({0, 4}, DType::f32)).item(), 0);
  EXPECT_EQ(sum_rows(Tensor::empty({0, 2}, DType::f32)).to_vector<float>(), (std::vector<float>{0, 0}));
  EXPECT_EQ(spatial_mean(Tensor::empty({0, 2, 2, 3}, DType::f32)).shape(), (Shape{0, 3}));
  EXPECT_EQ(argmax(Tensor::empty({0, 3}, DType::f32)).shape(), Shape{0});
}

TEST(Reduce, SixteenBitSumsAreInF32) {
  const Tensor x = Tensor::full({3, 40000}, 2, DType::f16);
  EXPECT_EQ(sum(x).dtype(), DType::f32);
  EXPECT_EQ(sum(x).item(), 240000);  // beyond f16's largest number
}

TEST(Reduce, OnlyWantedGradientsAreComputed) {
  const Tensor x = Tensor::full({2, 3}, 2, DType::f32), factor = Tensor::full({3}, 5, DType::f32).set_requires_grad(true);
  sum(mul_channels(x, factor)).backward();
  EXPECT_EQ(factor.grad().to_vector<float>(), (std::vector<float>{4, 4, 4}));
  EXPECT_FALSE(x.grad().defined());
  const Tensor pictures = Tensor::full({1, 2, 2, 1}, 3, DType::f32), s = Tensor::full({1, 1}, 5, DType::f32);
  sum(channel_scale(pictures, s.set_requires_grad(true))).backward();
  EXPECT_EQ(s.grad().item(), 12);
  s.set_requires_grad(false);
  sum(channel_scale(pictures.set_requires_grad(true), s)).backward();
  EXPECT_EQ(pictures.grad().to_vector<float>(), (std::vector<float>{5, 5, 5, 5}));
}

TEST(Reduce, ErrorsNameTheOpTheValuesAndTheRemedy) {
  const Tensor x = Tensor::zeros({2, 3}, DType::bf16), scalar = Tensor::zeros({}, DType::f32);
  EXPECT_EQ(message_of([&] { add_bias(x, Tensor::zeros({3}, DType::bf16)); }),
            "add_bias: x bf16 [2,3] on cpu needs one f32 value for each of its 3 channels on the same device, but got bf16 [3] "
            "on cpu");
  EXPECT_EQ(message_of([&] { mean(Tensor::zeros({0, 3}, DType::f32)); }), "mean: x [0,3] has no elements");
  EXPECT_EQ(message_of([&] { argmax(scalar); }), "argmax: x is [], but needs a last axis with at least one element");
  EXPECT_EQ(message_of([&] { spatial_mean(x); }),
            "spatial_mean: x is [2,3], but must be pictures [N,H,W,C] with at least one position");
  EXPECT_EQ(message_of([&] { nchw_to_nhwc(x); }), "nchw_to_nhwc: the argument is [2,3], but must be [N,C,H,W]");
  EXPECT_EQ(
      message_of([&] {
        channel_scale(Tensor::zeros({2, 4, 4, 3}, DType::f32), Tensor::zeros({3}, DType::f32));
      }),
      "channel_scale: x f32 [2,4,4,3] on cpu needs factors s [2,3] or [2,1,1,3] of the same type and device, but got f32 [3] "
      "on cpu");
}

}  // namespace
}  // namespace cudenza
