#include "engine/ops/mixup.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

using Inputs = std::vector<Tensor>;

/// A fresh generator a call, so that every call draws the same; one step on, so that the counter is read.
template <class Op> Inputs with_generator(const Inputs& in, Op op) {
  Generator random(11);
  random.next(in[0].device());
  random.advance_step();
  return op(random);
}

/// The blend, the permutation (equal to the last bit: integers are) and the lambdas.
OpCase labelled(std::string name, const Shape& x, double alpha, const std::vector<Shape>& special = {}) {
  const auto run = [alpha](const Inputs& in) {
    return with_generator(in, [&](Generator& random) {
      const MixedBatch mixed = mixup(in[0], in[1], alpha, random);
      return Inputs{mixed.x, mixed.labels.partner, mixed.labels.lambda};
    });
  };
  const auto inputs = [](const Shape& shape) {
    return std::vector<Input>{{.shape = shape},
                              {.shape = {shape[0]}, .fill = Fill::labels, .differentiable = false, .classes = 10}};
  };
  OpCase result{.name = "mixup/" + std::move(name), .inputs = inputs(x), .run = run, .same_bits = true, .has_gradient = false};
  for (const Shape& other : special) result.special.push_back(inputs(other));
  return result;
}

/// The blend of pairs that lie in halves.
OpCase pairs(std::string name, const Shape& half) {
  std::vector<int64_t> extents(half.begin(), half.end());
  extents[0] *= 2;
  const auto run = [](const Inputs& in) { return Inputs{mix_pairs(in[0], in[1])}; };
  return {.name = "mix_pairs/" + std::move(name),
          .inputs = {{.shape = Shape(extents)},
                     {.shape = {half[0]}, .fill = Fill::positive, .differentiable = false, .accumulator = true}},
          .run = run,
          .same_bits = true,
          .has_gradient = false};
}

}  // namespace

// A tile of the kernel is 2048 packs of 4 (f32) or 8 (16-bit) elements of all samples, 4096 for more than 256 samples. For
// proof 6: samples that begin anywhere and are written past the cache, and several threads' runs.
std::vector<OpCase> mixup_cases() {
  return {
      labelled("whole_packs", {6, 3, 16}, 0.4),
      labelled("several_tiles", {64, 4 * 32 * 2 + 8}, 0.4),
      labelled("odd_samples", {7, 5, 3}, 0.4, {{7, 1200003}, {7, 30001}}),
      labelled("odd_several_tiles", {64, 77}, 1.0),
      labelled("one_sample", {1, 24}, 0.4),
      labelled("many_samples", {300, 128}, 3.0),
      labelled("one_element", {9}, 0.1),
      pairs("whole_packs", {5, 3, 16}),
      pairs("several_blocks", {3, 2051}),
  };
}

}  // namespace cudenza::testing
