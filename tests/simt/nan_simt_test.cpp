/// The same of the kernels' own source.
#include "kernels/simt/simt.h"
#include "tests/support/nan_cases.h"

namespace cudenza::testing {
namespace {

class NanOnSimt : public ::testing::TestWithParam<DType> {
 protected:
  void SetUp() override { simt::set_order(simt::Order::kRandom); }
};

TEST_P(NanOnSimt, StaysInEveryOp) {
  for (const NanCase& one : nan_cases()) {
    for (const int channels : {1, 16, 37}) check_nan_case(one, channels, GetParam(), Device::cuda());
  }
}

TEST_P(NanOnSimt, LetsGradientsPassTheRelu) {
  for (const int channels : {1, 16, 37}) check_nan_gradients(channels, GetParam(), Device::cuda());
}

TEST_P(NanOnSimt, StaysInConvolutions) { check_nan_convolutions(GetParam(), Device::cuda()); }

TEST_P(NanOnSimt, ShowsInProbabilities) {
  for (const int64_t classes : {2, 10, 200}) check_nan_probabilities(classes, GetParam(), Device::cuda());
}

INSTANTIATE_TEST_SUITE_P(All, NanOnSimt, ::testing::Values(DType::f32, DType::bf16, DType::f16),
                         [](const auto& type) { return std::string(name_of(type.param)); });

}  // namespace
}  // namespace cudenza::testing
