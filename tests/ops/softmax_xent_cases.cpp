#include "engine/ops/softmax_xent.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

using Inputs = std::vector<Tensor>;
constexpr int64_t kBenchRows = 16384, kBenchClasses = 1000;

/// Only the logits are differentiated; the loss, the rows' numbers and the mean are small beside them.
Cost logits_alone(const std::vector<Input>& bench, DType dtype) {
  const double bytes = static_cast<double>(bench[0].shape.numel()) * static_cast<double>(size_of(dtype));
  return {.forward = {.read = bytes}, .backward = {.read = bytes, .written = bytes}};
}

std::vector<Input> labelled(int64_t rows, int64_t classes) {
  return {{.shape = {rows, classes}}, {.shape = {rows}, .fill = Fill::labels, .differentiable = false, .classes = classes}};
}

/// Partners are any rows: the kernel does not ask for a permutation. Lambdas reach beyond 1: the formula is linear.
std::vector<Input> mixed(int64_t rows, int64_t classes) {
  auto inputs = labelled(rows, classes);
  inputs.push_back({.shape = {rows}, .fill = Fill::labels, .differentiable = false, .classes = rows});
  inputs.push_back({.shape = {rows}, .fill = Fill::positive, .differentiable = false, .accumulator = true});
  return inputs;
}

/// The targets' rows do not sum to 1, which the gradient must heed.
std::vector<Input> soft(int64_t rows, int64_t classes) {
  const Shape shape{rows, classes};
  return {{.shape = shape}, {.shape = shape, .fill = Fill::positive, .differentiable = false, .accumulator = true}};
}

/// For proof 6: long rows that begin anywhere and are written past the cache; long rows that fill registers or leave some over;
/// short ones, in more than one block of rows and for several threads.
const std::vector<Shape> kSpecial{{8001, 1051}, {70, 64}, {70, 33}, {131, 32}, {260, 17}};

OpCase hard_case(std::string name, int64_t rows, int64_t classes, double smoothing) {
  return {.name = std::move(name), .inputs = labelled(rows, classes), .run = [=](const Inputs& in) {
            return Inputs{softmax_cross_entropy(in[0], in[1], {.label_smoothing = smoothing})};
          }};
}

OpCase mixed_case(std::string name, int64_t rows, int64_t classes, double smoothing) {
  return {.name = std::move(name), .inputs = mixed(rows, classes), .run = [=](const Inputs& in) {
            return Inputs{softmax_cross_entropy(in[0], MixedLabels{in[1], in[2], in[3]}, {.label_smoothing = smoothing})};
          }};
}

OpCase soft_case(std::string name, int64_t rows, int64_t classes, double smoothing) {
  return {.name = std::move(name), .inputs = soft(rows, classes), .run = [=](const Inputs& in) {
            return Inputs{soft_cross_entropy(in[0], in[1], {.label_smoothing = smoothing})};
          }};
}

OpCase specially(OpCase op_case, std::vector<Input> (*inputs)(int64_t rows, int64_t classes)) {
  for (const Shape& shape : kSpecial) op_case.special.push_back(inputs(shape[0], shape[1]));
  return op_case;
}

OpCase normalising(std::string name, Shape shape, Tensor (*op)(const Tensor&)) {
  return {.name = std::move(name), .inputs = {{.shape = shape}}, .run = [op](const Inputs& in) { return Inputs{op(in[0])}; }};
}

OpCase with_bench(OpCase op_case, std::vector<Input> bench, Cost (*cost)(const std::vector<Input>&, DType) = nullptr) {
  op_case.bench = std::move(bench);
  op_case.cost = cost;
  return op_case;
}

}  // namespace

// A warp serves a row of up to 64 packs, a block a longer one; packs need classes % 4 == 0 (f32) or % 8 == 0 (16-bit).
std::vector<OpCase> softmax_xent_cases() {
  return {
      with_bench(hard_case("softmax_xent/ten_genres", 7, 10, 0), labelled(kBenchRows, kBenchClasses), logits_alone),
      hard_case("softmax_xent/one_class", 3, 1, 0),
      hard_case("softmax_xent/smoothing_whole_packs", 5, 16, 0.1),
      hard_case("softmax_xent/several_packs_a_lane", 3, 160, 0.1),
      specially(hard_case("softmax_xent/smoothing_one_row_a_block", 3, 75, 0.1), labelled),
      specially(hard_case("softmax_xent/whole_packs_one_row_a_block", 2, 528, 0), labelled),
      specially(mixed_case("softmax_xent/mixup", 6, 10, 0), mixed),
      with_bench(mixed_case("softmax_xent/mixup_whole_packs", 5, 24, 0.2), mixed(kBenchRows, kBenchClasses), logits_alone),
      soft_case("softmax_xent/soft", 5, 10, 0),
      with_bench(soft_case("softmax_xent/soft_smoothing_whole_packs", 3, 16, 0.1), soft(kBenchRows, kBenchClasses)),
      specially(soft_case("softmax_xent/soft_one_row_a_block", 2, 71, 0), soft),
      {.name = "softmax_xent/per_row",
       .inputs = labelled(9, 10),
       .run = [](const Inputs& in) { return Inputs{cross_entropy_per_row(in[0], in[1], {.label_smoothing = 0.1})}; },
       .has_gradient = false},
      with_bench(normalising("softmax/odd_rows", {2, 3, 11}, softmax), {{.shape = {kBenchRows, kBenchClasses}}}),
      normalising("softmax/whole_packs", {5, 24}, softmax),
      normalising("softmax/several_packs_a_lane", {3, 160}, softmax),
      with_special(normalising("softmax/one_row_a_block", {2, 73}, softmax), kSpecial),
      with_bench(normalising("log_softmax/odd_rows", {2, 3, 11}, log_softmax), {{.shape = {kBenchRows, kBenchClasses}}}),
      with_special(normalising("log_softmax/one_row_a_block", {2, 73}, log_softmax), kSpecial),
  };
}

}  // namespace cudenza::testing
