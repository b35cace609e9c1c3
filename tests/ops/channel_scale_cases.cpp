#include "engine/ops/channel_scale.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

OpCase scaled(std::string name, Shape x, Shape s, const std::vector<Shape>& special = {}) {
  OpCase result{.name = "channel_scale/" + name,
                .inputs = {{.shape = x}, {.shape = s}},
                .run = [](const std::vector<Tensor>& in) { return std::vector{channel_scale(in[0], in[1])}; }};
  for (const Shape& other : special) result.special.push_back({{.shape = other}, {.shape = {other[0], other[3]}}});
  return result;
}

OpCase with_bench(OpCase op_case) {
  op_case.bench = {{.shape = {64, 28, 28, 512}}, {.shape = {64, 512}}};
  op_case.cost = [](const std::vector<Input>& bench, DType t) {
    const double pass = static_cast<double>(bench[0].shape.numel()) * static_cast<double>(size_of(t));
    return Cost{.forward = {.read = pass, .written = pass}, .backward = {.read = 2 * pass, .written = pass}};
  };
  return op_case;
}

}  // namespace

std::vector<OpCase> channel_scale_cases() {
  // More channels than the CPU sums at a time, more rows than it adds in f32: too many elements to perturb each.
  OpCase strips = scaled("strips_of_channels", {1, 6, 7, 1030}, {1, 1030});
  strips.has_f64 = false;
  return {
      // For proof 6: results written past the cache; several shares of the positions; more items than shares, short rows that are
      // added side by side; rows of several strips.
      with_bench(scaled("whole_packs", {3, 3, 5, 16}, {3, 16}, {{8, 128, 128, 64}, {2, 60, 71, 48}})),
      scaled("factors_of_rank_4", {2, 2, 3, 8}, {2, 1, 1, 8}),
      scaled("odd_channels", {2, 3, 3, 7}, {2, 7}, {{70, 5, 33, 7}, {1, 6, 7, 2101}, {2, 60, 71, 10}}),
      scaled("slices_of_positions", {2, 17, 16, 5}, {2, 5}),
      scaled("tiles_of_channels", {2, 1, 2, 264}, {2, 264}),
      strips,
  };
}

}  // namespace cudenza::testing
