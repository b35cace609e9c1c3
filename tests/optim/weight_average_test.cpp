#include "engine/optim/weight_average.h"

#include <gtest/gtest.h>

namespace cudenza {
namespace {

TEST(WeightAverage, FollowsWeightsAndBuffersAndSwaps) {
  const Tensor p = Tensor::full({19}, 1, DType::f32), mean = Tensor::full({3}, 10, DType::f32);
  const FlatParameters parameters({{"all", {{"p", p}}}});
  const WeightAverage average(parameters, {mean, Tensor::full({2}, 0, DType::f32)}, 0.75);
  EXPECT_EQ(mean.span<float>()[2], 10.0f);
  for (int step = 0; step < 2; ++step) {
    for (float& value : p.span<float>()) value += 4;
    for (float& value : mean.span<float>()) value -= 2;
    average.update();
  }
  // The start counts for nothing: of 5 and 9, the newer weighs 1 and the older 0.75.
  EXPECT_NEAR(average.average().span<float>()[18], (0.75 * 5 + 9) / 1.75, 1e-6);
  average.swap();
  EXPECT_NEAR(p.span<float>()[0], (0.75 * 5 + 9) / 1.75, 1e-6);
  EXPECT_NEAR(mean.span<float>()[0], (0.75 * 8 + 6) / 1.75, 1e-6);
  average.swap();
  EXPECT_EQ(p.span<float>()[18], 9.0f);
  EXPECT_EQ(mean.span<float>()[2], 6.0f);
}

TEST(WeightAverage, RefusesWhatCannotBeAveraged) {
  const FlatParameters parameters({{"all", {{"p", Tensor::full({19}, 1, DType::f32)}}}});
  EXPECT_THROW(WeightAverage(parameters, {}, 1.0), UsageError);
  EXPECT_THROW(WeightAverage(parameters, {Tensor::zeros({2}, DType::i64)}), UsageError);
}

}  // namespace
}  // namespace cudenza
