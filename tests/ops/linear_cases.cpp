#include "engine/ops/linear.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

using Inputs = std::vector<Tensor>;

std::vector<Input> inputs_of(int64_t rows, int64_t in, int64_t out, bool bias) {
  std::vector<Input> inputs{{.shape = {rows, in}}, {.shape = {out, in}}};
  if (bias) inputs.push_back({.shape = {out}, .accumulator = true});
  return inputs;
}

OpCase linear_case(std::string name, std::vector<Input> inputs, std::vector<Input> bench = {}) {
  return {.name = "linear/" + name,
          .inputs = std::move(inputs),
          .run = [](const Inputs& in) { return Inputs{linear(in[0], in[1], in.size() > 2 ? in[2] : Tensor())}; },
          .bench = std::move(bench),
          .cost =
              [](const std::vector<Input>& in, DType) {
                const double flops = 2.0 * static_cast<double>(in[0].shape.numel()) * static_cast<double>(in[1].shape[0]);
                return Cost{.forward_flops = flops, .backward_flops = 2 * flops};
              }};
}

}  // namespace

std::vector<OpCase> linear_cases() {
  OpCase bias = linear_case("bias", inputs_of(6, 9, 10, true), inputs_of(64, 2048, 1000, true));
  bias.special = {inputs_of(65, 301, 130, true)};
  return {
      linear_case("plain", inputs_of(5, 7, 3, false), inputs_of(64, 9216, 4096, false)),
      bias,
      linear_case("many_rows", inputs_of(37, 8, 4, true)),
      linear_case("one_row", inputs_of(1, 16, 8, true)),
      linear_case("one_feature", inputs_of(4, 1, 1, true)),
  };
}

}  // namespace cudenza::testing
