#include "engine/ops/operators.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/support/messages.h"

namespace cudenza::testing {
namespace {

std::vector<float> values(const Tensor& x) { return x.to_vector<float>(); }

TEST(Operators, ReadAsFormulas) {
  const Tensor x = Tensor::from(std::vector<float>{-1, 2, 4}, {3}), y = Tensor::from(std::vector<float>{2, 2, -8}, {3});
  EXPECT_EQ(values(x + y), (std::vector<float>{1, 4, -4}));
  EXPECT_EQ(values(x - y), (std::vector<float>{-3, 0, 12}));
  EXPECT_EQ(values(x * y), (std::vector<float>{-2, 4, -32}));
  EXPECT_EQ(values(x / y), (std::vector<float>{-0.5f, 1, -0.5f}));
  EXPECT_EQ(values(-x), (std::vector<float>{1, -2, -4}));
  EXPECT_EQ(values(1 + x * 2 - 3), (std::vector<float>{-4, 2, 6}));
  EXPECT_EQ(values(8 / x), (std::vector<float>{-8, 4, 2}));
  EXPECT_EQ(values(1 - x / 2), (std::vector<float>{1.5f, 0, -1}));
  EXPECT_EQ(values(Tensor::from(std::vector<float>{7}, {1}) / 49), (std::vector<float>{7.f / 49}));  // not times 1/49
}

TEST(Operators, ComparisonsAreMasks) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor x = Tensor::from(std::vector<float>{1, 2, 3, nan}, {4}), y = Tensor::from(std::vector<float>{2, 2, 2, nan}, {4});
  EXPECT_EQ(values(x < y), (std::vector<float>{1, 0, 0, 0}));
  EXPECT_EQ(values(x <= y), (std::vector<float>{1, 1, 0, 0}));
  EXPECT_EQ(values(x > y), (std::vector<float>{0, 0, 1, 0}));
  EXPECT_EQ(values(x >= y), (std::vector<float>{0, 1, 1, 0}));
  EXPECT_EQ(values(x == y), (std::vector<float>{0, 1, 0, 0}));
  EXPECT_EQ(values(x != y), (std::vector<float>{1, 0, 1, 1}));
  EXPECT_EQ(values(x > 1), (std::vector<float>{0, 1, 1, 0}));
  EXPECT_EQ(values(2 <= x), (std::vector<float>{0, 1, 1, 0}));
  EXPECT_EQ((x.to(DType::bf16) == 2).dtype(), DType::bf16);
}

TEST(Operators, RefuseShapesThatDiffer) {
  const Tensor x = Tensor::zeros({2, 3}, DType::f32), y = Tensor::zeros({3, 2}, DType::f32);
  EXPECT_EQ(message_of<UsageError>([&] { x - y; }),
            "sub: both arguments need one shape, type and device, but got f32 [2,3] on cpu and f32 [3,2] on cpu");
  EXPECT_THROW(x == y, UsageError);
}

TEST(Index, IsARowOfTheSameElements) {
  const Tensor x = Tensor::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {3, 2});
  EXPECT_EQ(values(x[1]), (std::vector<float>{3, 4}));
  EXPECT_EQ(x[-1][0].item(), 5);
  x[0].fill_zero();
  EXPECT_EQ(values(x), (std::vector<float>{0, 0, 3, 4, 5, 6}));
  EXPECT_EQ(message_of<UsageError>([&] { x[3]; }), "index: there is no [3] in [3,2]");
  EXPECT_THROW(x[-4], UsageError);
  EXPECT_THROW(x[0][0][0], UsageError);
}

TEST(Index, GradientsGoToTheRow) {
  const Tensor x = Tensor::from(std::vector<float>{1, 2, 3, 4}, {2, 2});
  x.set_requires_grad(true);
  (x[1][0] * 3).backward();
  EXPECT_EQ(values(x.grad()), (std::vector<float>{0, 0, 3, 0}));
}

}  // namespace
}  // namespace cudenza::testing
