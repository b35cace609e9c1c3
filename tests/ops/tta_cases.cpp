#include "engine/ops/pointwise.h"
#include "engine/ops/tta.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

using Inputs = std::vector<Tensor>;

OpCase joining(std::string name, int64_t rows, int64_t classes, int64_t variants, TtaSpec spec) {
  const auto inputs = [=](int64_t b, int64_t c) { return std::vector<Input>{{.shape = {b, c}}, {.shape = {variants * b, c}}}; };
  return {.name = "tta_probabilities/" + std::move(name),
          .inputs = inputs(rows, classes),
          .run = [spec](const Inputs& in) { return Inputs{tta_probabilities(in[0], in[1], spec)}; },
          .special = {inputs(701, 10), inputs(70, 32), inputs(70, 33), inputs(7, 1000)},
          .has_gradient = false};
}

}  // namespace

// A block of four warps serves a row: fewer and more passes than warps, classes than lanes and than threads. For proof 6: short
// rows, in more than one block of them and for several threads, and long ones.
std::vector<OpCase> tta_cases() {
  OpCase blend = joining("blend_ten_genres", 5, 10, 8, {});
  blend.bench = {{.shape = {1024, 1000}}, {.shape = {8 * 1024, 1000}}};
  OpCase large = joining("logits_beyond_the_exponential", 3, 40, 2, {});
  large.run = [](const Inputs& in) { return Inputs{tta_probabilities(scale(in[0], 100), scale(in[1], 100), {})}; };
  large.special.clear();
  large.dtypes = {DType::f32};  // 16 bits round logits of hundreds to halves and wholes
  return {
      blend,
      joining("blend_many_classes", 2, 131, 3, {.beta = 0.6}),
      joining("mean", 3, 33, 2, {.mode = TtaMode::mean}),
      joining("max", 4, 10, 8, {.mode = TtaMode::max}),
      joining("max_many_classes", 2, 150, 1, {.mode = TtaMode::max}),
      joining("one_class", 3, 1, 2, {}),
      large,
  };
}

}  // namespace cudenza::testing
