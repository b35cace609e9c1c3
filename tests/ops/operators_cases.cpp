#include "engine/ops/operators.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

using Inputs = std::vector<Tensor>;

OpCase formula(std::string name, std::vector<Input> inputs, std::function<Tensor(const Inputs&)> run) {
  return {.name = "operators/" + std::move(name), .inputs = std::move(inputs), .run = [run](const Inputs& in) {
            return Inputs{run(in)};
          }};
}

const Input kAny{.shape = {3, 43}}, kPositive{.shape = {3, 43}, .fill = Fill::positive},
    kDistinct{.shape = {3, 43}, .fill = Fill::distinct};

}  // namespace

std::vector<OpCase> operators_cases() {
  return {
      formula("minus", {kAny, kAny}, [](const Inputs& in) { return in[0] - in[1]; }),
      formula("divide", {kAny, kPositive}, [](const Inputs& in) { return in[0] / in[1]; }),
      formula("numbers", {kPositive}, [](const Inputs& in) { return 2 / (1 - in[0] * 3 - 4) + (-in[0] + 5) / 3; }),
      formula("mask", {kDistinct}, [](const Inputs& in) { return in[0] * (in[0].detach() > 0); }),
      formula("rows", {kAny}, [](const Inputs& in) { return in[0][1] + in[0][-1] * in[0][0]; }),
  };
}

}  // namespace cudenza::testing
