#include "engine/train/update_batch_norm.h"

#include <gtest/gtest.h>

#include "engine/nn/layers.h"
#include "tests/support/compare.h"

namespace cudenza::testing {
namespace {

/// Row r is a picture [1,2,2] of r + 1, r + 2, r + 3, r + 4.
class CountingInput : public cudenza::Input {
 public:
  int64_t rows() const override { return 5; }
  Device device() const override { return Device::cpu(); }
  Tensor training(const Batch&) override { throw std::logic_error("statistics want no augmentation"); }
  Tensor plain(std::span<const int64_t> rows) override {
    std::vector<float> values;
    for (const int64_t row : rows) {
      for (int k = 1; k <= 4; ++k) values.push_back(static_cast<float>(row + k));
    }
    return Tensor::from(values, {static_cast<int64_t>(rows.size()), 1, 2, 2});
  }
  Tensor variants(std::span<const int64_t>, int) override { throw std::logic_error("statistics want no variants"); }
};

struct Net : Module {
  Net() : norm(child<BatchNorm2d>("norm", {.channels = 2})) {}
  Tensor forward(const Tensor& x) override { return norm(x); }
  BatchNorm2d& norm;
};

TEST(BatchStatistics, AreTheMeanOfTheBatches) {
  Net net;
  net.norm.state.running_mean.copy_from(Tensor::full({2}, 70, DType::f32));  // counts for nothing
  CountingInput input;
  const std::vector<int64_t> rows{0, 1, 2, 3, 4};  // batches 0 1 and 2 3; the short one is left out
  update_batch_norm(net, input, rows, 2);
  EXPECT_FALSE(net.norm.training());
  // Channel 0 of rows 0 and 1 is 1 3 2 4, of rows 2 and 3 it is 3 5 4 6; channel 1 is one more. Unbiased variance 5/3 each.
  const auto mean = net.norm.state.running_mean.span<float>(), var = net.norm.state.running_var.span<float>();
  EXPECT_NEAR(mean[0], (2.5 + 4.5) / 2, 1e-6);
  EXPECT_NEAR(mean[1], (3.5 + 5.5) / 2, 1e-6);
  EXPECT_NEAR(var[0], 5.0 / 3, 1e-5);
}

TEST(BatchStatistics, OneShortBatchWillDo) {
  Net net;
  CountingInput input;
  update_batch_norm(net, input, std::vector<int64_t>{3}, 8);
  EXPECT_NEAR(net.norm.state.running_mean.span<float>()[0], 5, 1e-6);
}

TEST(BatchStatistics, OfAFrozenNormStayAsTheyAre) {
  Net net;
  net.norm.state.running_mean.copy_from(Tensor::full({2}, 70, DType::f32));
  net.set_requires_grad(false);
  CountingInput input;
  update_batch_norm(net, input, std::vector<int64_t>{0, 1, 2, 3}, 2);
  net.train(true);
  const Tensor y = net(input.plain(std::vector<int64_t>{0}));
  EXPECT_EQ(net.norm.state.running_mean.to_vector<float>(), (std::vector<float>{70, 70}));
  EXPECT_EQ(net.norm.state.running_var.to_vector<float>(), (std::vector<float>{1, 1}));
  EXPECT_NEAR(y.span<float>()[0], 1 - 70, 1e-3) << "in training, too, it goes by its running statistics";
}

}  // namespace
}  // namespace cudenza::testing
