/// A training step captured into a CUDA graph does what the eager step does, dropout's new masks and Adam's step count included.
#include <gtest/gtest.h>

#include "engine/libraries/math_mode.h"
#include "tests/support/compare.h"
#include "tests/support/tiny_training.h"

namespace cudenza::testing {
namespace {

TEST(RecordedStep, GoesOnAsTheEagerOneOnTheGpu) {
  CUDENZA_NEEDS_GPU();
  const ExactMath exact;
  const auto eager = tiny_training_losses(Device::cuda(), false);
  expect_same_losses(tiny_training_losses(Device::cuda(), true), eager, 1e-5);
  expect_same_losses(eager, tiny_training_losses(Device::cpu(), false), 1e-3);
}

TEST(RecordedStep, LossFallsOnTheCpu) {
  const auto losses = tiny_training_losses(Device::cpu(), false);
  EXPECT_LT(losses[2], losses[0]);
}

}  // namespace
}  // namespace cudenza::testing
