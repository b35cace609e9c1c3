#include "engine/libraries/math_mode.h"

#include <gtest/gtest.h>

namespace cudenza::testing {
namespace {

TEST(MathMode, StartsAsPyTorchDoes) {
  const MathMode start;  // math_mode() may be another by now: programs choose, and so do the tests of theirs
  EXPECT_TRUE(start.tf32_convolutions);
  EXPECT_FALSE(start.tf32_matmuls);
  EXPECT_FALSE(start.deterministic);
}

TEST(MathMode, ExactMathLastsForItsScope) {
  const MathMode before = math_mode();
  set_math_mode({.tf32_matmuls = true});
  {
    const ExactMath exact;
    EXPECT_EQ(math_mode(), (MathMode{.tf32_convolutions = false, .tf32_matmuls = false, .deterministic = true}));
  }
  EXPECT_EQ(math_mode(), MathMode{.tf32_matmuls = true});
  set_math_mode(before);
}

}  // namespace
}  // namespace cudenza::testing
