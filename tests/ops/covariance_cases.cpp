#include "engine/ops/covariance.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

OpCase covariance_case(std::string name, const Shape& shape) {
  return {.name = "channel_covariance/" + name,
          .inputs = {{.shape = shape}},
          .run = [](const std::vector<Tensor>& in) { return std::vector{channel_covariance(in[0])}; },
          .cost =
              [](const std::vector<Input>& in, DType) {
                const Shape& x = in[0].shape;
                const double flops = 2.0 * static_cast<double>(x.numel()) * static_cast<double>(x.channels());
                return Cost{.forward_flops = flops, .backward_flops = 2 * flops};
              }};
}

}  // namespace

std::vector<OpCase> covariance_cases() {
  OpCase stage = covariance_case("odd", {2, 5, 3, 7});
  stage.bench = {{.shape = {4, 112, 148, 128}}};
  return {stage, covariance_case("one_channel", {3, 4, 4, 1}), covariance_case("one_position", {2, 1, 1, 5})};
}

}  // namespace cudenza::testing
