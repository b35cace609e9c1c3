#include "engine/ops/dropout.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

using Inputs = std::vector<Tensor>;

/// A fresh generator a call, so that every call draws the same mask; one step on, so that the counter is read. x is a part of a
/// batch, from its sample number `first` on.
OpCase random_case(std::string name, Shape shape, Tensor (*op)(const Tensor&, double, Generator&), double p, int64_t first = 0) {
  const auto run = [=](const Inputs& in) {
    Generator random(7);
    random.set_place(first);
    random.next(in[0].device());
    random.advance_step();
    return Inputs{op(in[0], p, random)};
  };
  return {.name = std::move(name), .inputs = {{.shape = shape}}, .run = run, .same_bits = true};
}

/// A bit of mask for each element, where there is one.
OpCase with_bench(OpCase op_case, double mask_bytes) {
  op_case.bench = {{.shape = {32, 112, 112, 64}}};
  op_case.cost = [mask_bytes](const std::vector<Input>& bench, DType t) {
    const double elements = static_cast<double>(bench[0].shape.numel()), size = static_cast<double>(size_of(t));
    return Cost{.forward = {.read = elements * size, .written = elements * (size + mask_bytes)},
                .backward = {.read = elements * (size + mask_bytes), .written = elements * size}};
  };
  return op_case;
}

}  // namespace

std::vector<OpCase> dropout_cases() {
  // Too many elements to perturb each: what differs from the smaller cases, whose gradients are checked, is the launch alone.
  OpCase several_blocks = random_case("dropout/several_blocks", {5, 613}, dropout, 0.1);
  OpCase several_blocks_a_sample = random_case("drop_path/several_blocks_a_sample", {3, 8200}, drop_path, 0.4);
  several_blocks.has_f64 = several_blocks_a_sample.has_f64 = false;
  // For proof 6: written past the cache, and several threads' pieces, of a sample too.
  return {
      with_bench(with_special(random_case("dropout/whole_packs", {4, 64}, dropout, 0.5), {{2901, 2900}, {70001}}), 1.0 / 8),
      random_case("dropout/short_last_pack", {3, 7, 13}, dropout, 0.25),
      several_blocks,
      with_bench(with_special(random_case("drop_path/whole_packs", {9, 3, 8}, drop_path, 0.5), {{5, 1700003}, {5, 7001}}), 0),
      random_case("drop_path/odd_samples", {7, 3, 5}, drop_path, 0.3),
      several_blocks_a_sample,
      random_case("dropout/part_of_a_batch", {3, 16}, dropout, 0.5, 5),
      random_case("dropout/part_within_a_block", {3, 7}, dropout, 0.5, 5),
      random_case("drop_path/part_of_a_batch", {4, 3, 5}, drop_path, 0.5, 9),
  };
}

}  // namespace cudenza::testing
