/// NaN is not lost: a network that has diverged must not answer with numbers.
#include "tests/support/nan_cases.h"

namespace cudenza::testing {
namespace {

class NanOnCpu : public ::testing::TestWithParam<DType> {};

TEST_P(NanOnCpu, StaysInEveryOp) {
  for (const NanCase& one : nan_cases()) {
    for (const int channels : {1, 16, 37, 128}) check_nan_case(one, channels, GetParam(), Device::cpu());
  }
}

TEST_P(NanOnCpu, LetsGradientsPassTheRelu) {
  for (const int channels : {1, 16, 37, 128}) check_nan_gradients(channels, GetParam(), Device::cpu());
}

TEST_P(NanOnCpu, StaysInConvolutions) { check_nan_convolutions(GetParam(), Device::cpu()); }

TEST_P(NanOnCpu, ShowsInProbabilities) {
  for (const int64_t classes : {2, 10, 37, 1000}) check_nan_probabilities(classes, GetParam(), Device::cpu());
}

INSTANTIATE_TEST_SUITE_P(All, NanOnCpu, ::testing::Values(DType::f32, DType::bf16, DType::f16, DType::f64),
                         [](const auto& type) { return std::string(name_of(type.param)); });

}  // namespace
}  // namespace cudenza::testing
