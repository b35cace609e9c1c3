/// The optimizer kernels' own source, and whole optimizer steps over it, in three thread orders.
#include <gtest/gtest.h>

#include "kernels/simt/simt.h"
#include "tests/kernels/optimizer_checks.h"
#include "tests/optim/optimizer_checks.h"

namespace cudenza::testing {
namespace {

class OptimizerOnSimt : public ::testing::TestWithParam<simt::Order> {
 protected:
  void SetUp() override { simt::set_order(GetParam()); }
};

TEST_P(OptimizerOnSimt, StepsAreTheReferences) { check_steps(Device::cuda()); }
TEST_P(OptimizerOnSimt, NonFiniteGradientsAreFound) { check_non_finite_is_found(Device::cuda()); }
TEST_P(OptimizerOnSimt, AverageIsTheReferences) { check_average(Device::cuda()); }
TEST_P(OptimizerOnSimt, TakesPyTorchsSteps) { check_trajectories(Device::cuda()); }
TEST_P(OptimizerOnSimt, LossScaleFollowsOverflows) { check_loss_scale(Device::cuda()); }
TEST_P(OptimizerOnSimt, CapturedStepObeysNewRates) { check_captured_step(Device::cuda()); }

INSTANTIATE_TEST_SUITE_P(Orders, OptimizerOnSimt,
                         ::testing::Values(simt::Order::kForward, simt::Order::kReverse, simt::Order::kRandom));

// A user reads it as "not measured".
TEST(OptimizerOnSimtAlone, ANormThatNobodyMeasuredIsZero) {
  simt::set_order(simt::Order::kForward);
  const kernels::Hyper hyper{.lr = 0.1};
  kernels::StepState state{.gradient_norm = 5};
  kernels::SgdUpdate::Coefficients coefficients;
  kernels::begin_step(kernels::Gpu{}, kernels::SgdUpdate{}, {.rule = {}, .table = &hyper, .hypers = 1}, &state, &coefficients);
  EXPECT_EQ(state.gradient_norm, 0);
}

TEST(OptimizerOnSimtTwice, StepsRepeatBitForBit) {
  const Segments segments{{0, 20'000, 0}};
  simt::set_order(simt::Order::kForward);
  const auto first = stepped(Device::cuda(), kernels::AdamUpdate{}, 20'000, segments, 0);
  simt::set_order(simt::Order::kRandom);
  const auto second = stepped(Device::cuda(), kernels::AdamUpdate{}, 20'000, segments, 0);
  for (size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].to_vector<float>(), second[i].to_vector<float>()) << i;
}

}  // namespace
}  // namespace cudenza::testing
