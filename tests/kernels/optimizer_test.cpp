#include "engine/core/gpu.h"
#include "tests/kernels/optimizer_checks.h"
#include "tests/support/thread_count.h"

namespace cudenza::testing {
namespace {

const Device kCpu = Device::cpu();

TEST(OptimizerKernels, LeaveAloneWhatIsOutsideTheSegments) {
  const FlatState before(100, kCpu, 0);
  const auto after = stepped(kCpu, kernels::AdamUpdate{}, 100, {{10, 20, 0}, {30, 50, 1}}, 0);
  const auto p = before.p.to_vector<float>(), q = after[0].to_vector<float>();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(p[i] == q[i], i < 10 || (i >= 20 && i < 30) || i >= 50) << i;
}

// With one thread, and with three, whose pieces begin anywhere.
TEST(OptimizerKernels, StepsAreTheReferences) {
  for (const int threads : {1, 3}) {
    const ThreadCount count(threads);
    check_steps(kCpu);
    check_average(kCpu);
  }
}

TEST(OptimizerReference, MeasuresAndClipsTheSegments) {
  const Segments segments{{1, 40'000, 0}, {40'003, 100'000, 0}};
  const FlatState flat(100'000, kCpu, 0);
  const auto g = flat.g.to_vector<double>();
  double squares = 0;
  for (const auto& s : segments) {
    for (int64_t i = s.begin; i < s.end; ++i) squares += g[i] * g[i];
  }
  const auto state = stepped(kernels::Reference{}, kCpu, kernels::SgdUpdate{}, 100'000, segments, 0)[5].to_vector<double>();
  EXPECT_NEAR(state[5], std::sqrt(squares) / 4, 1e-6 * std::sqrt(squares));  // the loss scale is 4
  EXPECT_NEAR(state[4], 0.5 / (std::sqrt(squares) / 4 + 1e-6) / 4, 1e-8);    // clipped to 0.5, then unscaled
}

TEST(OptimizerKernels, LossScaleStaysWithinItsBounds) {
  kernels::StepState state{.loss_scale = kernels::kLargestLossScale};
  const kernels::StepRule rule{.dynamic_scale = true, .growth_interval = 1};
  kernels::advance(state, rule, true, 1, false);
  EXPECT_EQ(state.loss_scale, kernels::kLargestLossScale);
  for (int i = 0; i < 40; ++i) kernels::advance(state, rule, true, 1, true);
  EXPECT_EQ(state.loss_scale, kernels::kSmallestLossScale);
}

TEST(OptimizerKernels, NonFiniteGradientsAreFound) {
  check_non_finite_is_found(kCpu);
  check_non_finite_is_found(kernels::Reference{}, kCpu);
}

TEST(OptimizerKernelsOnGpu, StepsAreTheReferences) {
  CUDENZA_NEEDS_GPU();
  check_steps(Device::cuda());
  check_average(Device::cuda());
  check_non_finite_is_found(Device::cuda());
}

}  // namespace
}  // namespace cudenza::testing
