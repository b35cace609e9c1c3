#include "engine/optim/weight_average.h"

#include <gtest/gtest.h>

namespace cudenza {
namespace {

TEST(WeightAverage, FollowsAndSwaps) {
  const Tensor p = Tensor::full({19}, 1, DType::f32);
  const FlatParameters parameters({{"all", {{"p", p}}}});
  const WeightAverage average(parameters, 0.75);
  for (int step = 0; step < 2; ++step) {
    for (float& value : p.span<float>()) value += 4;
    average.update();
  }
  EXPECT_EQ(average.average().span<float>()[18], 3.75f);  // 0.75 · 1 + 0.25 · 5 = 2, then 0.75 · 2 + 0.25 · 9
  average.swap();
  EXPECT_EQ(p.span<float>()[0], 3.75f);
  average.swap();
  EXPECT_EQ(p.span<float>()[18], 9.0f);
  EXPECT_THROW(WeightAverage(parameters, 1.0), UsageError);
}

}  // namespace
}  // namespace cudenza
