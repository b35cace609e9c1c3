#include "engine/ops/batch_norm.h"
#include "engine/ops/pointwise.h"
#include "tests/support/op_case.h"
#include "tests/support/thread_ranks.h"

namespace cudenza::testing {
namespace {

using Inputs = std::vector<Tensor>;

struct Variant {
  bool training = true, relu = false, residual = false;
  bool twins = false;      ///< the rows are half of a batch, whose other half is the same
  bool two_users = false;  ///< y is read twice: its gradient comes in two terms, which the way back adds
};

/// Inputs: x, gamma, beta and, if the variant has one, the residual.
std::vector<Input> inputs_of(const Shape& shape, Variant variant) {
  std::vector<Input> inputs{{.shape = shape},
                            {.shape = {shape.channels()}, .fill = Fill::positive, .accumulator = true},
                            {.shape = {shape.channels()}, .accumulator = true}};
  if (variant.residual) inputs.push_back({.shape = shape});
  return inputs;
}

/// y, and in training the running statistics that it leaves.
Inputs run(const Inputs& in, Variant variant) {
  static Twins twins;
  const DType accumulator = in[1].dtype();
  const BatchNormState state{.gamma = in[1],
                             .beta = in[2],
                             .running_mean = Tensor::full(in[1].shape(), 0.25, accumulator, in[0].device()),
                             .running_var = Tensor::full(in[1].shape(), 1.5, accumulator, in[0].device()),
                             .momentum = 0.25,
                             .together = variant.twins ? &twins : nullptr};
  const Tensor y = variant.relu || variant.residual
                       ? batch_norm_act(in[0], state, variant.training, variant.relu, variant.residual ? in[3] : Tensor())
                       : batch_norm(in[0], state, variant.training);
  if (variant.two_users) return {add(y, scale(y, 0.5))};
  return variant.training ? Inputs{y, state.running_mean, state.running_var} : Inputs{y};
}

/// Training reads x twice forward, dy and x twice backward; a residual is read once and its gradient written once.
Cost cost_of(const std::vector<Input>& bench, DType dtype, Variant variant) {
  const double array = static_cast<double>(bench[0].shape.numel()) * static_cast<double>(size_of(dtype));
  const double mask = variant.relu ? static_cast<double>(bench[0].shape.numel()) / 8 : 0;
  const double extra = variant.residual ? 1 : 0, masked_residual = variant.residual && variant.relu ? 1 : 0;
  const double passes = variant.training ? 2 : 1;
  return {.forward = {.read = (passes + extra) * array, .written = array + mask},
          .backward = {.read = (passes + 2) * array + 2 * mask, .written = (1 + masked_residual) * array}};
}

OpCase batch_norm_case(std::string name, const Shape& shape, Variant variant, const Shape& bench = {},
                       const std::vector<Shape>& special = {}) {
  OpCase result{.name = "batch_norm/" + std::move(name), .inputs = inputs_of(shape, variant), .run = [variant](const Inputs& in) {
                  return run(in, variant);
                }};
  for (const Shape& other : special) result.special.push_back(inputs_of(other, variant));
  if (bench.rank() > 0) {
    result.bench = inputs_of(bench, variant);
    result.cost = [variant](const std::vector<Input>& inputs, DType dtype) { return cost_of(inputs, dtype, variant); };
  }
  return result;
}

/// More than one block along the rows or the channels: too many elements to perturb each.
OpCase large(OpCase op_case) {
  op_case.has_f64 = false;  // the small variants prove the arithmetic; these, how kernels part the rows and channels
  op_case.bench = {};
  return op_case;
}

}  // namespace

std::vector<OpCase> batch_norm_cases() {
  const Variant training{}, relu{.relu = true}, residual{.residual = true}, both{.relu = true, .residual = true};
  const Variant inference{.training = false}, inference_both{.training = false, .relu = true, .residual = true};
  const Shape wide{32, 112, 112, 64}, deep{256, 7, 7, 2048};
  // For proof 6: several parts of rows that are merged, channels that leave some over; results that are written past the cache,
  // but not where training meets a ReLU: of so many numbers one is so near 0 that rounding decides what passes.
  const Shape parts{3001, 70}, streamed{8, 128, 128, 64};
  return {
      batch_norm_case("training", {2, 3, 3, 8}, training, wide, {parts}),
      batch_norm_case("training_half_of_a_batch", {2, 3, 3, 8}, {.twins = true}, {}, {parts}),
      batch_norm_case("training_half_of_a_batch_residual", {4, 16}, {.relu = true, .residual = true, .twins = true}),
      batch_norm_case("training_one_row_of_two", {1, 5}, {.twins = true}),
      batch_norm_case("training_2048_channels", {5, 16}, training, deep, {{33, 2051}}),
      batch_norm_case("training_odd_channels", {7, 5}, training),
      batch_norm_case("training_three_rows", {3, 4}, training),
      batch_norm_case("training_relu", {2, 2, 5, 8}, relu, wide, {parts}),
      batch_norm_case("training_relu_short_mask_word", {3, 40}, relu),
      batch_norm_case("training_relu_odd_channels", {5, 35}, relu),
      batch_norm_case("training_residual", {2, 9, 8}, residual, wide, {parts, streamed}),
      batch_norm_case("training_relu_residual", {2, 9, 8}, both, wide, {parts}),
      batch_norm_case("training_relu_residual_2048_channels", {4, 24}, both, deep, {{33, 2051}}),
      batch_norm_case("training_relu_residual_odd_channels", {9, 3}, both),
      batch_norm_case("training_two_users", {2, 9, 8}, {.two_users = true}, {}, {parts, streamed}),
      batch_norm_case("training_relu_two_users", {7, 35}, {.relu = true, .two_users = true}, {}, {parts}),
      batch_norm_case("inference", {3, 4, 8}, inference, wide, {{300, 101}}),
      batch_norm_case("inference_relu", {6, 33}, {.training = false, .relu = true}),
      batch_norm_case("inference_residual", {2, 4, 8}, {.training = false, .residual = true}),
      batch_norm_case("inference_relu_residual", {3, 4, 8}, inference_both, wide, {{300, 101}, streamed}),
      batch_norm_case("inference_one_row", {1, 5}, inference_both),
      large(batch_norm_case("several_blocks_of_rows", {1300, 8}, both)),
      large(batch_norm_case("several_blocks_of_channels", {40, 264}, both)),
      large(batch_norm_case("several_blocks_of_odd_channels", {140, 67}, both)),
  };
}

}  // namespace cudenza::testing
