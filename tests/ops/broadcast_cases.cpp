#include "engine/ops/pointwise.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

using Inputs = std::vector<Tensor>;

OpCase per_channel(std::string name, Shape shape, Tensor (*op)(const Tensor&, const Tensor&),
                   const std::vector<Shape>& special = {}) {
  const auto inputs = [](const Shape& x) {
    return std::vector<Input>{{.shape = x}, {.shape = {x.channels()}, .accumulator = true}};
  };
  OpCase result{
      .name = std::move(name), .inputs = inputs(shape), .run = [op](const Inputs& in) { return Inputs{op(in[0], in[1])}; }};
  for (const Shape& other : special) result.special.push_back(inputs(other));
  return result;
}

OpCase with_bench(OpCase op_case) {
  op_case.bench = {{.shape = {32, 112, 112, 64}}, {.shape = {64}, .accumulator = true}};
  return op_case;
}

/// Backward sums dy, which is also dx.
Cost bias_cost(const std::vector<Input>& bench, DType dtype) {
  Cost cost = one_pass_each_way(bench, dtype);
  cost.backward.written = 0;
  return cost;
}

}  // namespace

// The shapes visit every way to sum the rows: packs and single channels, one slice and several, lanes beyond the last channel,
// more than one tile. For proof 6 also results written past the cache, and pieces that end within a row.
std::vector<OpCase> broadcast_cases() {
  OpCase bias = with_bench(per_channel("add_bias/whole_packs", {2, 3, 5, 16}, add_bias, {{131072, 64}, {5001, 7}}));
  bias.cost = bias_cost;
  return {
      bias,
      per_channel("add_bias/odd_channels", {7, 13}, add_bias),
      per_channel("add_bias/slices_of_rows", {350, 10}, add_bias),
      per_channel("add_bias/tiles_of_channels", {2, 296}, add_bias),
      per_channel("add_bias/one_channel", {2100, 1}, add_bias),
      with_bench(per_channel("mul_channels/whole_packs", {2, 3, 5, 16}, mul_channels, {{131072, 64}, {5001, 7}})),
      per_channel("mul_channels/odd_channels", {7, 13}, mul_channels),
      per_channel("mul_channels/slices_of_rows", {270, 7}, mul_channels),
  };
}

}  // namespace cudenza::testing
