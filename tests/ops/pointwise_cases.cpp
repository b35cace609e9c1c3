#include "engine/ops/cast.h"
#include "engine/ops/pointwise.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

using Inputs = std::vector<Tensor>;
const Shape kBench{32, 112, 112, 64};

OpCase unary(std::string name, Shape shape, Tensor (*op)(const Tensor&), Fill fill = Fill::normal) {
  return {.name = std::move(name),
          .inputs = {{.shape = shape, .fill = fill}},
          .run = [op](const Inputs& in) { return Inputs{op(in[0])}; },
          .bench = {{.shape = kBench}},
          .same_bits = true};
}

OpCase binary(std::string name, Shape shape, Tensor (*op)(const Tensor&, const Tensor&)) {
  return {.name = std::move(name),
          .inputs = {{.shape = shape}, {.shape = shape}},
          .run = [op](const Inputs& in) { return Inputs{op(in[0], in[1])}; },
          .bench = {{.shape = kBench}, {.shape = kBench}},
          .same_bits = true};
}

/// Two casts, to half the bytes and back.
Cost there_and_back(const std::vector<Input>& bench, DType dtype) {
  const double bytes = 1.5 * static_cast<double>(bench[0].shape.numel()) * static_cast<double>(size_of(dtype));
  const Traffic pass{.read = bytes, .written = bytes};
  return {.forward = pass, .backward = pass};
}

}  // namespace

std::vector<OpCase> pointwise_cases() {
  // For proof 6: written past the cache, and several threads' pieces.
  const Shape streamed{2901, 2900}, pieces{70001};
  OpCase smooth = with_special(unary("sigmoid/short_last_pack", {7, 11}, sigmoid), {streamed, pieces});
  smooth.same_bits = false;  // registers have an exponential of their own
  return {
      with_special(unary("relu/whole_packs", {2, 4, 8}, relu, Fill::distinct), {streamed, pieces}),
      unary("relu/short_last_pack", {3, 5, 13}, relu, Fill::distinct),
      smooth,
      with_special(unary("hard_swish/short_last_pack", {7, 11}, hard_swish, Fill::distinct), {pieces}),
      {.name = "log1p/of_squares",
       .inputs = {{.shape = {7, 11}}},
       .run = [](const Inputs& in) { return Inputs{log1p(mul(in[0], in[0]))}; },
       .special = {{{.shape = pieces}}},
       .same_bits = true},
      with_special(unary("signed_sqrt/short_last_pack", {7, 11}, signed_sqrt, Fill::distinct), {pieces}),
      with_special(binary("add/short_last_pack", {3, 43}, add), {streamed, pieces}),
      {.name = "add_relu/of_a_share_more",  // no sum is near the bend
       .inputs = {{.shape = {3, 43}, .fill = Fill::distinct}},
       .run = [](const Inputs& in) { return Inputs{add_relu(in[0], scale(in[0], 0.5))}; },
       .special = {{{.shape = streamed}}, {{.shape = pieces}}},
       .same_bits = true},
      with_special(binary("mul/short_last_pack", {3, 43}, mul), {pieces}),
      {.name = "hard_swish/beyond_its_bends",
       .inputs = {{.shape = {7, 11}, .fill = Fill::distinct}},
       .run = [](const Inputs& in) { return Inputs{hard_swish(scale(in[0], 4))}; },
       .same_bits = true},
      {.name = "scale/third",
       .inputs = {{.shape = {5, 9}}},
       .run = [](const Inputs& in) { return Inputs{scale(in[0], 1.0 / 3)}; },
       .bench = {{.shape = kBench}},
       .cost = one_pass_each_way,
       .same_bits = true},
      {.name = "reshape/matrix",
       .inputs = {{.shape = {2, 3, 4}}},
       .run =
           [](const Inputs& in) {
             return Inputs{reshape(in[0], {6, 4})};
           }},
      {.name = "cast/f32_to_bf16_and_back",
       .inputs = {{.shape = {5, 9}}},
       .run = [](const Inputs& in) { return Inputs{cast(cast(in[0], DType::bf16), DType::f32)}; },
       .bench = {{.shape = kBench}},
       .cost = there_and_back,
       .dtypes = {DType::f32},
       .special = {{{.shape = streamed}}, {{.shape = pieces}}},
       .same_bits = true,
       .has_f64 = false},
  };
}

}  // namespace cudenza::testing
