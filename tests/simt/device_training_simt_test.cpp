/// The whole training on the host that stands for a GPU: eager steps, capture, replays, phases, evaluation, resuming.
#include "kernels/simt/simt.h"
#include "tests/train/device_training.h"

namespace cudenza::testing {
namespace {

class DeviceTrainingOnSimt : public ::testing::Test {
  void SetUp() override { simt::set_order(simt::Order::kRandom); }
};

TEST_F(DeviceTrainingOnSimt, IsTheCpus) { check_training(Device::cuda(), everything(), 1e-3); }

TEST_F(DeviceTrainingOnSimt, AccumulatesAsTheCpu) {
  Recipe recipe = everything();
  recipe.plan = Plan::one_cycle;
  recipe.epochs = 3;
  recipe.accumulate = 2;
  check_training(Device::cuda(), recipe, 1e-3);
}

TEST_F(DeviceTrainingOnSimt, LossScaleMovesAsOnTheCpu) { check_loss_scale(Device::cuda(), 2e-2); }
TEST_F(DeviceTrainingOnSimt, AStepIsOneReplay) { check_steady_state(Device::cuda()); }
TEST_F(DeviceTrainingOnSimt, GoesOnToTheSameBits) { check_resume(Device::cuda()); }
TEST_F(DeviceTrainingOnSimt, FindsTheCpusLearningRates) { check_lr_finder(Device::cuda(), 1e-3); }
TEST_F(DeviceTrainingOnSimt, LearnsPicturesAsTheCpu) { check_pictures(Device::cuda(), 1e-3); }

}  // namespace
}  // namespace cudenza::testing
