#include "engine/ops/reduce.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

using Inputs = std::vector<Tensor>;

/// What only reads x (its result is small), and back only writes dx.
Cost one_pass(const std::vector<Input>& bench, DType t) {
  const double pass = static_cast<double>(bench[0].shape.numel()) * static_cast<double>(size_of(t));
  return {.forward = {.read = pass}, .backward = {.written = pass}};
}

OpCase reduced(std::string name, Shape shape, Tensor (*op)(const Tensor&), Shape bench = {}) {
  const auto run = [op](const Inputs& in) { return Inputs{op(in[0])}; };
  OpCase result{.name = std::move(name), .inputs = {{.shape = shape}}, .run = run};
  if (bench.rank() > 0) result.bench = {{.shape = bench}}, result.cost = one_pass;
  return result;
}

OpCase data_only(OpCase op_case) {
  op_case.has_gradient = false;
  return op_case;
}

/// A place or an element of x, not a sum.
OpCase picked(OpCase op_case) {
  op_case.same_bits = true;
  return data_only(std::move(op_case));
}

}  // namespace

std::vector<OpCase> reduce_cases() {
  const Shape pictures{32, 112, 112, 64}, features{256, 14, 14, 1024}, matrix{200704, 256}, logits{65536, 1000};
  OpCase products{.name = "sum_rows_of_products/slices",
                  .inputs = {{.shape = {300, 64}}, {.shape = {300, 64}}},
                  .run = [](const Inputs& in) { return Inputs{sum_rows_of_products(in[0], in[1])}; },
                  .bench = {{.shape = matrix}, {.shape = matrix}},
                  .has_gradient = false};
  products.special = with_special(products, {{3001, 70}}).special;
  // For proof 6: several shares of the rows; short rows that are added side by side; rows longer than a strip; more items than
  // shares; gradients written past the cache. Rows that fill no register, some registers, and more than one block of argmax.
  const std::vector<Shape> rows{{40001, 10}, {3001, 70}, {75, 5003}}, long_rows{{70, 31}, {70, 150}, {2, 1048576 + 70}};
  return {
      with_special(reduced("sum/short_last_pack", {5, 9}, sum, pictures), {{1000003}}),
      reduced("mean/whole_packs", {2, 4, 8}, mean),
      data_only(reduced("mean/many_blocks", {3, 2047}, mean)),
      with_special(data_only(reduced("sum_squares/many_blocks", {5000}, sum_squares, pictures)), {{1000003}}),
      with_special(reduced("spatial_mean/whole_packs", {3, 7, 7, 16}, spatial_mean, features), {{33, 64, 64, 64}}),
      with_special(reduced("spatial_mean/odd_channels", {2, 5, 3, 11}, spatial_mean), {{70, 5, 3, 11}}),
      with_special(reduced("spatial_mean/slices", {2, 17, 16, 5}, spatial_mean), {{2, 200, 101, 5}}),
      reduced("spatial_mean/tiles", {1, 2, 2, 264}, spatial_mean),
      with_special(data_only(reduced("sum_rows/ten_channels", {300, 10}, sum_rows)), rows),
      data_only(reduced("sum_rows/slices", {300, 64}, sum_rows, matrix)),
      data_only(reduced("sum_rows/wide", {5, 2056}, sum_rows, {4096, 4096})),
      products,
      with_special(picked(reduced("argmax/ten_classes", {11, 10}, argmax)), long_rows),
      picked(reduced("argmax/whole_packs", {3, 3, 24}, argmax, logits)),
      picked(reduced("argmax/long_rows", {2, 4104}, argmax)),
      with_special(picked(reduced("row_max/ten_classes", {11, 10}, row_max)), long_rows),
      picked(reduced("row_max/whole_packs", {9, 72}, row_max, logits)),
      picked(reduced("row_max/long_rows", {2, 2051}, row_max)),
  };
}

}  // namespace cudenza::testing
