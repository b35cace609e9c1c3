/// The whole training on a GPU, against the CPU.
#include "tests/train/device_training.h"

#include "tests/support/compare.h"

namespace cudenza::testing {
namespace {

class DeviceTrainingOnGpu : public ::testing::Test {
 protected:
  void SetUp() override { CUDENZA_NEEDS_GPU(); }

 private:
  const ExactMath exact_;
};

// Sums run in other orders there, and twelve steps of Adam magnify what that makes.
TEST_F(DeviceTrainingOnGpu, IsTheCpus) { check_training(Device::cuda(), everything(), 1e-2); }
TEST_F(DeviceTrainingOnGpu, LossScaleMovesAsOnTheCpu) { check_loss_scale(Device::cuda(), 5e-2); }
TEST_F(DeviceTrainingOnGpu, AStepIsOneReplay) { check_steady_state(Device::cuda()); }
TEST_F(DeviceTrainingOnGpu, GoesOnToTheSameBits) { check_resume(Device::cuda()); }
TEST_F(DeviceTrainingOnGpu, FindsTheCpusLearningRates) { check_lr_finder(Device::cuda(), 1e-2); }
TEST_F(DeviceTrainingOnGpu, LearnsPicturesAsTheCpu) { check_pictures(Device::cuda(), 1e-2); }

}  // namespace
}  // namespace cudenza::testing
