/// The engine's whole GPU path at once: modules, autograd, optimizer, random numbers and every kernel between, on the host.
#include <gtest/gtest.h>

#include "kernels/simt/simt.h"
#include "tests/support/tiny_training.h"

namespace cudenza::testing {
namespace {

TEST(TrainingOnSimt, LossesAreTheCpus) {
  const auto expected = tiny_training_losses(Device::cpu(), false);
  for (const auto order : {simt::Order::kForward, simt::Order::kReverse, simt::Order::kRandom}) {
    simt::set_order(order);
    expect_same_losses(tiny_training_losses(Device::cuda(), false), expected, 1e-4);
  }
}

TEST(TrainingOnSimt, ACapturedStepGoesOnAsTheEagerOne) {
  EXPECT_EQ(tiny_training_losses(Device::cuda(), true), tiny_training_losses(Device::cuda(), false));
}

}  // namespace
}  // namespace cudenza::testing
