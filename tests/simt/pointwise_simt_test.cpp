/// What an OpCase's numbers never are: those at which a function bends.
#include <gtest/gtest.h>

#include "engine/ops/operators.h"
#include "engine/ops/pointwise.h"
#include "kernels/simt/simt.h"

namespace cudenza::testing {
namespace {

using Function = Tensor (*)(const Tensor&);

std::vector<float> slopes(Function op, const std::vector<float>& at) {
  simt::set_order(simt::Order::kForward);
  const Tensor x = Tensor::from(at, {static_cast<int64_t>(at.size())}, Device::cuda());
  x.set_requires_grad(true);
  const Tensor y = op(x);
  y.backward(Tensor::full(y.shape(), 1, y.dtype(), y.device()));
  return x.grad().to_vector<float>();
}

// PyTorch's choices.
TEST(PointwiseOnSimt, SlopesAtBends) {
  EXPECT_EQ(slopes(relu, {-1, 0, 1}), (std::vector<float>{0, 0, 1}));
  EXPECT_EQ(slopes(hard_swish, {-3, 0, 3}), (std::vector<float>{0, 0.5, 1}));
}

TEST(PointwiseOnSimt, ComparesEqualNumbers) {
  simt::set_order(simt::Order::kForward);
  const auto of = [](const std::vector<float>& values) { return Tensor::from(values, {3}, Device::cuda()); };
  const Tensor a = of({1, 2, 3}), b = of({2, 2, 2});
  EXPECT_EQ((a < b).to_vector<float>(), (std::vector<float>{1, 0, 0}));
  EXPECT_EQ((a <= b).to_vector<float>(), (std::vector<float>{1, 1, 0}));
  EXPECT_EQ((a == b).to_vector<float>(), (std::vector<float>{0, 1, 0}));
  EXPECT_EQ((a != b).to_vector<float>(), (std::vector<float>{1, 0, 1}));
}

}  // namespace
}  // namespace cudenza::testing
