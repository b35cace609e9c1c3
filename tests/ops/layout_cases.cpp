#include "engine/ops/layout.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

OpCase moved(std::string name, Shape shape, Tensor (*op)(const Tensor&), Shape bench = {}) {
  const auto run = [op](const std::vector<Tensor>& in) { return std::vector{op(in[0])}; };
  OpCase result{.name = std::move(name), .inputs = {{.shape = shape}}, .run = run, .same_bits = true};
  if (bench.rank() > 0) result.bench = {{.shape = bench}}, result.cost = one_pass_each_way;
  return result;
}

}  // namespace

// The special shapes are written past the cache in every type: without turning, by few channels, by tiles. (What else there is to
// the CPU's way is held to the definition in layout_test.cpp, for every size of element.)
std::vector<OpCase> layout_cases() {
  return {
      with_special(moved("nchw_to_nhwc/three_channels", {2, 3, 17, 16}, nchw_to_nhwc, {64, 3, 224, 224}), {{3, 3, 1000, 1001}}),
      with_special(moved("nchw_to_nhwc/one_channel", {2, 1, 5, 4}, nchw_to_nhwc), {{1, 1, 2901, 2900}}),
      with_special(moved("nchw_to_nhwc/odd_tiles", {2, 35, 5, 7}, nchw_to_nhwc, {64, 256, 57, 57}), {{1, 1031, 63, 131}}),
      with_special(moved("nchw_to_nhwc/even_tiles", {2, 18, 5, 14}, nchw_to_nhwc, {64, 256, 56, 56}), {{2, 2048, 32, 65}}),
      moved("nhwc_to_nchw/three_channels", {2, 17, 16, 3}, nhwc_to_nchw, {64, 224, 224, 3}),
      with_special(moved("nhwc_to_nchw/five_channels", {2, 3, 3, 5}, nhwc_to_nchw), {{2, 40, 41, 5}, {2, 300, 41, 21}}),
      moved("nhwc_to_nchw/even_tiles", {1, 4, 17, 70}, nhwc_to_nchw, {64, 56, 56, 256}),
      moved("nhwc_to_nchw/odd_rows", {1, 5, 5, 34}, nhwc_to_nchw),
      moved("oihw_to_krsc/three_by_three", {5, 20, 3, 3}, oihw_to_krsc, {2048, 512, 3, 3}),
      moved("oihw_to_krsc/one_by_one", {4, 9, 1, 1}, oihw_to_krsc),
      moved("oihw_to_krsc/eleven_by_eleven", {2, 3, 11, 11}, oihw_to_krsc),
      with_special(moved("krsc_to_oihw/three_by_three", {5, 3, 3, 20}, krsc_to_oihw, {2048, 3, 3, 512}), {{65, 3, 3, 200}}),
  };
}

}  // namespace cudenza::testing
