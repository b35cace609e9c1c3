#include "engine/ops/concat.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {

namespace {

Cost one_pass_over_both(const std::vector<Input>& bench, DType dtype) {
  const Cost one = one_pass_each_way(bench, dtype);
  const Traffic both{.read = 2 * one.forward.read, .written = 2 * one.forward.written};
  return {.forward = both, .backward = both};
}

}  // namespace

std::vector<OpCase> concat_cases() {
  const auto run = [](const std::vector<Tensor>& in) { return std::vector{concat_channels(in[0], in[1])}; };
  return {
      {.name = "concat_channels/matrices",
       .inputs = {{.shape = {5, 3}}, {.shape = {5, 8}}},
       .run = run,
       .bench = {{.shape = {4096, 2048}}, {.shape = {4096, 2048}}},
       .cost = one_pass_over_both,
       .special = {{{.shape = {70001, 3}}, {.shape = {70001, 8}}},       // several threads' rows
                   {{.shape = {16385, 301}}, {.shape = {16385, 303}}}},  // rows that begin anywhere, written past the cache
       .same_bits = true},
      {.name = "concat_channels/pictures",
       .inputs = {{.shape = {2, 3, 2, 4}}, {.shape = {2, 3, 2, 1}}},
       .run = run,
       .same_bits = true},
  };
}

}  // namespace cudenza::testing
