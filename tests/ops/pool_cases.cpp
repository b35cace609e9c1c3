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
  return {.name = "max_pool2d/" + variant, .inputs = {{.shape = shape, .fill = Fill::distinct}}, .run = [spec](const Inputs& in) {
            return Inputs{max_pool2d(in[0], spec)};
          }};
}

OpCase avg_case(std::string variant, Shape shape, AvgPool2dSpec spec) {
  return {.name = "avg_pool2d/" + variant, .inputs = {{.shape = shape}}, .run = [spec](const Inputs& in) {
            return Inputs{avg_pool2d(in[0], spec)};
          }};
}

OpCase adaptive_max_case(std::string variant, Shape shape, int64_t out_h, int64_t out_w) {
  return {.name = "adaptive_max_pool2d/" + variant,
          .inputs = {{.shape = shape, .fill = Fill::distinct}},
          .run = [=](const Inputs& in) { return Inputs{adaptive_max_pool2d(in[0], out_h, out_w)}; }};
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

std::vector<OpCase> pool_cases() {
  return {
      with_bench(max_case("k3_s2_p1", {2, 9, 8, 8}, {.kernel = 3, .stride = 2, .pad = 1}), {64, 112, 112, 64}, 4, 1),
      with_bench(max_case("k2", {2, 6, 8, 16}, {}), {16, 224, 224, 64}, 4, 1),
      max_case("k3_s1_p1_odd_channels", {1, 5, 6, 3}, {.kernel = 3, .stride = 1, .pad = 1}),
      max_case("k3_s2_ceil", {1, 8, 6, 4}, {.kernel = 3, .stride = 2, .ceil_mode = true}),
      max_case("k2_s3_gaps", {2, 7, 8, 5}, {.kernel = 2, .stride = 3}),
      too_large_for_differences(max_case("k5_s1_several_blocks", {2, 17, 16, 16}, {.kernel = 5, .stride = 1, .pad = 2})),
      max_case("k17_winner_of_4_bytes", {1, 20, 18, 3}, {.kernel = 17, .stride = 9, .pad = 8}),
      with_bench(avg_case("k2_ceil_pad_not_counted", {2, 7, 5, 8}, {.kernel = 2, .ceil_mode = true, .count_include_pad = false}),
                 {64, 56, 56, 256}, 4),
      avg_case("k3_s2_p1_pad_counted", {2, 8, 7, 16}, {.kernel = 3, .stride = 2, .pad = 1}),
      avg_case("k3_s2_p1_pad_not_counted", {1, 8, 7, 3}, {.kernel = 3, .stride = 2, .pad = 1, .count_include_pad = false}),
      avg_case("k3_s2_p1_ceil_pad_counted", {1, 6, 9, 4}, {.kernel = 3, .stride = 2, .pad = 1, .ceil_mode = true}),
      too_large_for_differences(avg_case("k3_s1_several_blocks", {2, 17, 16, 16}, {.kernel = 3, .stride = 1, .pad = 1})),
      avg_case("k4_s5_gaps", {1, 11, 13, 2}, {.kernel = 4, .stride = 5, .pad = 2, .ceil_mode = true}),
      with_bench(adaptive_avg_case("global", {2, 7, 7, 24}, 1, 1), {256, 7, 7, 2048}, 49),
      with_bench(too_large_for_differences(adaptive_avg_case("global_one_large_picture", {1, 33, 31, 16}, 1, 1)),
                 {1, 1024, 1024, 64}, 1024 * 1024),
      adaptive_avg_case("global_slices_odd_channels", {1, 13, 11, 3}, 1, 1),
      adaptive_avg_case("overlapping_bins", {2, 10, 7, 8}, 4, 3),
      adaptive_avg_case("more_bins_than_rows", {1, 3, 4, 5}, 5, 7),
      adaptive_avg_case("whole_rows", {2, 8, 6, 4}, 2, 1),
      with_bench(adaptive_max_case("global", {2, 7, 7, 24}, 1, 1), {256, 7, 7, 2048}, 49, 1),
      too_large_for_differences(adaptive_max_case("global_one_large_picture", {1, 33, 31, 16}, 1, 1)),
      adaptive_max_case("global_slices_odd_channels", {1, 13, 11, 3}, 1, 1),
      adaptive_max_case("overlapping_bins", {2, 10, 7, 8}, 4, 3),
      adaptive_max_case("more_bins_than_rows", {1, 3, 4, 5}, 5, 7),
  };
}

}  // namespace cudenza::testing
