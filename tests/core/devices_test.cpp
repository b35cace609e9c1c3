/// Several GPUs in one process; tests/simt/devices_simt_test.cpp holds the same on any machine.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/core/gpu.h"
#include "engine/ops/pointwise.h"

namespace cudenza::testing {
namespace {

constexpr int64_t kCount = int64_t{1} << 24;  // long enough for a copy to be overtaken

bool is_all(const Tensor& t, float value) {
  return std::ranges::all_of(t.to_vector<float>(), [&](float x) { return x == value; });
}

class TwoGpus : public ::testing::Test {
  void SetUp() override {
    if (gpu::count() < 2) GTEST_SKIP() << "needs two GPUs in one machine";
  }
};

TEST_F(TwoGpus, CopiesBetweenThemWaitForEachOther) {
  const Device first = Device::cuda(0), second = Device::cuda(1);
  Tensor copied;
  for (int round = 1; round <= 8; ++round) {
    Tensor x = Tensor::full({kCount}, round, DType::f32, first);
    for (int i = 0; i < 8; ++i) x = scale(x, i % 2 == 0 ? 2 : 0.5);
    copied = x.to(second);
    x.fill_zero();
    const Tensor back = scale(copied, 3).to(first);
    copied.fill_zero();
    EXPECT_TRUE(is_all(back, 3.0f * static_cast<float>(round))) << "round " << round;
  }
  EXPECT_TRUE(is_all(copied, 0));
}

TEST_F(TwoGpus, AReplayIsItsOwnDevicesWork) {
  const Tensor x = Tensor::full({kCount}, 1, DType::f32, Device::cuda(1)), y = Tensor::zeros({kCount}, DType::f32, x.device());
  y.copy_from(add(y, x));
  const gpu::CapturedGraph graph(1, [&] { y.copy_from(add(y, x)); });
  const Tensor other = Tensor::full({kCount}, 5, DType::f32, Device::cuda(0));  // makes the first GPU current
  graph.replay(), graph.replay();
  EXPECT_TRUE(is_all(y.to(Device::cuda(0)), 3));
  EXPECT_TRUE(is_all(other, 5));
}

}  // namespace
}  // namespace cudenza::testing
