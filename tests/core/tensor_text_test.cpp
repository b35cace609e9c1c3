#include <gtest/gtest.h>

#include <numeric>

#include "engine/core/tensor.h"

namespace cudenza::testing {
namespace {

Tensor counted(const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(shape.numel()));
  std::iota(values.begin(), values.end(), 0.f);
  return Tensor::from(values, shape);
}

TEST(TensorText, ShowsTypeShapeDeviceAndValues) {
  EXPECT_EQ(fmt::format("{}", counted({2, 3})), "f32 [2,3] on cpu\n[[0, 1, 2],\n [3, 4, 5]]");
  EXPECT_EQ(fmt::format("{}", Tensor::full({}, 1.0 / 3, DType::f64)), "f64 [] on cpu\n0.3333");
  EXPECT_EQ(fmt::format("{}", Tensor::from(std::vector<int64_t>{7}, {1})), "i64 [1] on cpu\n[7]");
  EXPECT_EQ(fmt::format("{}", Tensor::zeros({1, 1, 2}, DType::bf16)), "bf16 [1,1,2] on cpu\n[[[0, 0]]]");
}

TEST(TensorText, LeavesTheMiddleOfLongDimensionsOut) {
  EXPECT_EQ(fmt::format("{}", counted({6})), "f32 [6] on cpu\n[0, 1, 2, 3, 4, 5]");
  EXPECT_EQ(fmt::format("{}", counted({7})), "f32 [7] on cpu\n[0, 1, 2, …, 4, 5, 6]");
  const std::string text = fmt::format("{}", counted({100, 1}));
  EXPECT_EQ(text, "f32 [100,1] on cpu\n[[0],\n [1],\n [2],\n …,\n [97],\n [98],\n [99]]");
}

TEST(TensorText, NeedsNoValues) {
  EXPECT_EQ(fmt::format("{}", Tensor()), "undefined");
  EXPECT_EQ(fmt::format("{}", Tensor::zeros({0, 3}, DType::f32)), "f32 [0,3] on cpu");
}

}  // namespace
}  // namespace cudenza::testing
