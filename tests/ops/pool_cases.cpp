#include "engine/ops/pool.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

using Inputs = std::vector<Tensor>;

/// Bytes of a pool whose windows hold `ratio` times as many inputs as there are outputs: x and y once each. A max pool's way back
/// reads its winners besides; where none is wanted, as in the benchmark's forward pass, none are written.
std::function<Cost(const std::vector<Input>&, DType)> cost_of(double ratio, double winner_bytes) {
  return [=](const std::vector<Input>& bench, DType dtype) {
    const double inputs = static_cast<double>(bench[0].shape.numel()), outputs = inputs / ratio,
                 bytes = static_cast<double>(size_of(dtype));
    return Cost{.forward = {.read = inputs * bytes, .written = outputs * bytes},
                .backward = {.read = outputs * (bytes + winner_bytes), .written = inputs * bytes}};
  };
}

OpCase max_case(std::string variant, Shape shape, MaxPool2dSpec spec) {
  return {.name = "max_pool2d/" + variant,
          .inputs = {{.shape = shape, .fill = Fill::distinct}},
          .run = [spec](const Inputs& in) { return Inputs{max_pool2d(in[0], spec)}; },
          .same_bits = true};
}

OpCase avg_case(std::string variant, Shape shape, AvgPool2dSpec spec) {
  return {.name = "avg_pool2d/" + variant, .inputs = {{.shape = shape}}, .run = [spec](const Inputs& in) {
            return Inputs{avg_pool2d(in[0], spec)};
          }};
}

OpCase adaptive_max_case(std::string variant, Shape shape, int64_t out_h, int64_t out_w) {
  return {.name = "adaptive_max_pool2d/" + variant,
          .inputs = {{.shape = shape, .fill = Fill::distinct}},
          .run = [=](const Inputs& in) { return Inputs{adaptive_max_pool2d(in[0], out_h, out_w)}; },
          .same_bits = true};
}

OpCase adaptive_avg_case(std::string variant, Shape shape, int64_t out_h, int64_t out_w) {
  return {.name = "adaptive_avg_pool2d/" + variant, .inputs = {{.shape = shape}}, .run = [=](const Inputs& in) {
            return Inputs{adaptive_avg_pool2d(in[0], out_h, out_w)};
          }};
}

OpCase with_bench(OpCase op_case, Shape shape, double ratio, double winner_bytes = 0) {
  op_case.bench = {{.shape = shape}};
  op_case.cost = cost_of(ratio, winner_bytes);
  return op_case;
}

/// Too many elements to perturb each: what differs from the smaller cases, whose gradients are checked, is the launch alone.
OpCase too_large_for_differences(OpCase op_case) {
  op_case.has_f64 = false;
  return op_case;
}

}  // namespace

// The special shapes: `streamed` makes results that are written past the cache in every type; 101 and 1100 channels fill
// registers and leave some over, and 1100 are cut in pieces.
std::vector<OpCase> pool_cases() {
  const Shape streamed{8, 128, 128, 64};
  // Windows of 25 pixels and more: few channels, many, so many that memory is asked for ahead, and more than are reduced at once.
  const std::vector<Shape> large{{1, 12, 11, 64}, {1, 12, 11, 101}, {2, 12, 11, 600}, {1, 12, 11, 1100}};
  const auto strided_max = with_special(max_case("k3_s2_p1", {2, 9, 8, 8}, {.kernel = 3, .stride = 2, .pad = 1}),
                                        {{3, 20, 21, 101}, {1, 5, 6, 1100}, streamed});  // inputs in 1, 2 and 4 windows
  const auto halving_max = with_special(max_case("k2", {2, 6, 8, 16}, {}), {{3, 20, 22, 69}, streamed});  // in 1
  const auto halving_avg = with_special(
      avg_case("k2_ceil_pad_not_counted", {2, 7, 5, 8}, {.kernel = 2, .ceil_mode = true, .count_include_pad = false}),
      {{3, 21, 23, 69}, streamed});
  return {
      with_bench(strided_max, {64, 112, 112, 64}, 4, 1),
      with_bench(halving_max, {16, 224, 224, 64}, 4, 1),
      // Inputs in up to 9 windows; as many outputs as inputs.
      with_special(max_case("k3_s1_p1_odd_channels", {1, 5, 6, 3}, {.kernel = 3, .stride = 1, .pad = 1}),
                   {{2, 9, 8, 101}, {1, 5, 6, 1100}, streamed}),
      max_case("k3_s2_ceil", {1, 8, 6, 4}, {.kernel = 3, .stride = 2, .ceil_mode = true}),
      max_case("k2_s3_gaps", {2, 7, 8, 5}, {.kernel = 2, .stride = 3}),
      too_large_for_differences(
          with_special(max_case("k5_s1_several_blocks", {2, 17, 16, 16}, {.kernel = 5, .stride = 1, .pad = 2}), large)),
      with_special(max_case("k17_winner_of_4_bytes", {1, 20, 18, 3}, {.kernel = 17, .stride = 9, .pad = 8}),
                   {{1, 20, 18, 101}, {2, 19, 17, 600}}),
      with_bench(halving_avg, {64, 56, 56, 256}, 4),
      with_special(avg_case("k3_s2_p1_pad_counted", {2, 8, 7, 16}, {.kernel = 3, .stride = 2, .pad = 1}),
                   {{3, 20, 21, 101}, {1, 5, 6, 1100}, streamed}),
      avg_case("k3_s2_p1_pad_not_counted", {1, 8, 7, 3}, {.kernel = 3, .stride = 2, .pad = 1, .count_include_pad = false}),
      avg_case("k3_s2_p1_ceil_pad_counted", {1, 6, 9, 4}, {.kernel = 3, .stride = 2, .pad = 1, .ceil_mode = true}),
      too_large_for_differences(
          with_special(avg_case("k3_s1_several_blocks", {2, 17, 16, 16}, {.kernel = 3, .stride = 1, .pad = 1}), {streamed})),
      avg_case("k4_s5_gaps", {1, 11, 13, 2}, {.kernel = 4, .stride = 5, .pad = 2, .ceil_mode = true}),
      with_bench(adaptive_avg_case("global", {2, 7, 7, 24}, 1, 1), {256, 7, 7, 2048}, 49),
      with_bench(too_large_for_differences(adaptive_avg_case("global_one_large_picture", {1, 33, 31, 16}, 1, 1)),
                 {1, 1024, 1024, 64}, 1024 * 1024),
      adaptive_avg_case("global_slices_odd_channels", {1, 13, 11, 3}, 1, 1),
      with_special(adaptive_avg_case("overlapping_bins", {2, 10, 7, 8}, 4, 3), {{1, 23, 17, 101}, {2, 23, 17, 600}}),
      adaptive_avg_case("more_bins_than_rows", {1, 3, 4, 5}, 5, 7),
      adaptive_avg_case("whole_rows", {2, 8, 6, 4}, 2, 1),
      with_bench(with_special(adaptive_max_case("global", {2, 7, 7, 24}, 1, 1), large), {256, 7, 7, 2048}, 49, 1),
      too_large_for_differences(adaptive_max_case("global_one_large_picture", {1, 33, 31, 16}, 1, 1)),
      adaptive_max_case("global_slices_odd_channels", {1, 13, 11, 3}, 1, 1),
      with_special(adaptive_max_case("overlapping_bins", {2, 10, 7, 8}, 4, 3), {{1, 23, 17, 101}, {2, 23, 17, 600}}),
      adaptive_max_case("more_bins_than_rows", {1, 3, 4, 5}, 5, 7),
  };
}

}  // namespace cudenza::testing
