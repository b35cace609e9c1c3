#include "engine/ops/concat.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {

std::vector<OpCase> concat_cases() {
  const auto run = [](const std::vector<Tensor>& in) { return std::vector{concat_channels(in[0], in[1])}; };
  return {
      {.name = "concat_channels/matrices",
       .inputs = {{.shape = {5, 3}}, {.shape = {5, 8}}},
       .run = run,
       .bench = {{.shape = {4096, 2048}}, {.shape = {4096, 2048}}}},
      {.name = "concat_channels/pictures", .inputs = {{.shape = {2, 3, 2, 4}}, {.shape = {2, 3, 2, 1}}}, .run = run},
  };
}

}  // namespace cudenza::testing
