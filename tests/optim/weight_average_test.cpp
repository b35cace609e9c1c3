#include "engine/optim/weight_average.h"

#include <gtest/gtest.h>

namespace cudenza {
namespace {

TEST(WeightAverage, FollowsAndSwaps) {
  const Tensor p = Tensor::full({19}, 1, DType::f32);
  const FlatParameters parameters({{"all", {{"p", p}}}});
  const WeightAverage average(parameters, 0.75);
  EXPECT_EQ(average.average().span<float>()[0], 1.0f);
  for (int step = 0; step < 2; ++step) {
    for (float& value : p.span<float>()) value += 4;
    average.update();
  }
  // The start counts for nothing: of 5 and 9, the newer weighs 1 and the older 0.75.
  EXPECT_NEAR(average.average().span<float>()[18], (0.75 * 5 + 9) / 1.75, 1e-6);
  average.swap();
  EXPECT_NEAR(p.span<float>()[0], (0.75 * 5 + 9) / 1.75, 1e-6);
  average.swap();
  EXPECT_EQ(p.span<float>()[18], 9.0f);
  EXPECT_THROW(WeightAverage(parameters, 1.0), UsageError);
}

}  // namespace
}  // namespace cudenza
