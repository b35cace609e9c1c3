#include "engine/ops/tta.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

using Inputs = std::vector<Tensor>;

OpCase joining(std::string name, int64_t rows, int64_t classes, int64_t variants, TtaSpec spec) {
  return {.name = "tta_probabilities/" + std::move(name),
          .inputs = {{.shape = {rows, classes}}, {.shape = {variants * rows, classes}}},
          .run = [spec](const Inputs& in) { return Inputs{tta_probabilities(in[0], in[1], spec)}; },
          .has_gradient = false};
}

}  // namespace

// A block of four warps serves a row: fewer and more passes than warps, classes than lanes and than threads.
std::vector<OpCase> tta_cases() {
  OpCase blend = joining("blend_ten_genres", 5, 10, 8, {});
  blend.bench = {{.shape = {1024, 1000}}, {.shape = {8 * 1024, 1000}}};
  return {
      blend,
      joining("blend_many_classes", 2, 131, 3, {.beta = 0.6}),
      joining("mean", 3, 33, 2, {.mode = TtaMode::mean}),
      joining("max", 4, 10, 8, {.mode = TtaMode::max}),
      joining("max_many_classes", 2, 150, 1, {.mode = TtaMode::max}),
  };
}

}  // namespace cudenza::testing
