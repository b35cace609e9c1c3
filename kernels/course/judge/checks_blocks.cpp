/// Exercises 7 to 12: threads that work together, in a block and in a warp.
#include "kernels/course/judge/checks.h"

namespace cudenza::course {
namespace {

template <class F> Case transposed(F f, int rows, int columns) {
  return {shape_text("x", {rows, columns}), [=](Trial& trial) {
            const auto x = numbers(count_of({rows, columns}));
            float* y = trial.output("y", {columns, rows});
            f(Gpu{}, trial.input("x", x), y, rows, columns);
            std::vector<double> want;
            for (int j = 0; j < columns; ++j)
              for (int i = 0; i < rows; ++i) want.push_back(x[as_index(i * columns + j)]);
            trial.expect(y, want);
          }};
}

template <class F> Exercise transpose_exercise(F f, std::vector<Target> targets) {
  const auto of = [f](int rows, int columns) { return transposed(f, rows, columns); };
  return {{of(1, 1), of(0, 3), of(1, 40), of(33, 7), of(31, 65), of(32, 32)}, of(64, 96), std::move(targets)};
}

/// Of `count` elements of x, the first of them `first`, `step` elements apart.
double sum_of(const std::vector<float>& x, size_t first, size_t count, size_t step = 1) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) sum += x[first + i * step];
  return sum;
}

std::vector<double> row_sums_of(const std::vector<float>& x, int rows, int columns) {
  std::vector<double> sums(as_index(rows));
  for (size_t r = 0; r < sums.size(); ++r) sums[r] = sum_of(x, r * as_index(columns), as_index(columns));
  return sums;
}

}  // namespace

Exercise transpose_check(const Library& library) {
  return transpose_exercise(COURSE_FUNCTION(library, course_transpose),
                            {{Counter::load_sectors, 4}, {Counter::store_sectors, 4}, {Counter::barriers, 1}});
}

Exercise banks_check(const Library& library) {
  return transpose_exercise(
      COURSE_FUNCTION(library, course_banks),
      {{Counter::passes, 1}, {Counter::load_sectors, 4}, {Counter::store_sectors, 4}, {Counter::barriers, 1}});
}

Exercise block_sum_check(const Library& library) {
  const auto f = COURSE_FUNCTION(library, course_block_sum);
  const auto of = [f](int n) {
    return Case{"n = " + std::to_string(n), [=](Trial& trial) {
                  const auto x = numbers(as_index(n));
                  const int blocks = ceil_div(n, 256);
                  float* partial = trial.output("partial", {blocks});
                  f(Gpu{}, trial.input("x", x), partial, n);
                  std::vector<double> want(as_index(blocks));
                  for (size_t b = 0; b < want.size(); ++b) want[b] = sum_of(x, b * 256, smaller<size_t>(256, x.size() - b * 256));
                  trial.expect(partial, want);
                }};
  };
  return {{of(0), of(1), of(31), of(256), of(257), of(700)},
          of(1000),
          {{Counter::barriers, 9}, {Counter::shared_requests, 192}, {Counter::passes, 1}, {Counter::load_sectors, 4}}};
}

Exercise warp_sum_check(const Library& library) {
  const auto f = COURSE_FUNCTION(library, course_warp_sum);
  const auto of = [f](int rows, int columns) {
    return Case{shape_text("x", {rows, columns}), [=](Trial& trial) {
                  const auto x = numbers(count_of({rows, columns}));
                  float* y = trial.output("y", {rows});
                  f(Gpu{}, trial.input("x", x), y, rows, columns);
                  trial.expect(y, row_sums_of(x, rows, columns));
                }};
  };
  return {{of(1, 1), of(0, 3), of(2, 0), of(3, 31), of(5, 33), of(9, 100)},
          of(16, 128),
          {{Counter::shared_requests, 0}, {Counter::barriers, 0}, {Counter::load_sectors, 4}}};
}

Exercise whole_sum_check(const Library& library) {
  const auto f = COURSE_FUNCTION(library, course_whole_sum);
  const auto of = [f](int n) {
    return Case{"n = " + std::to_string(n), [=](Trial& trial) {
                  const auto x = numbers(as_index(n));
                  float *partial = trial.output("partial", {8}), *y = trial.output("y", {1});
                  f(Gpu{}, trial.input("x", x), partial, y, n);
                  trial.expect(y, {sum_of(x, 0, x.size())});
                }};
  };
  return {{of(0), of(1), of(33), of(257), of(2048), of(5000)},
          of(4096),
          {{Counter::launches, 2}, {Counter::barriers, 2}, {Counter::load_sectors, 4}, {Counter::bytes, 16512}}};
}

Exercise sums_check(const Library& library) {
  const auto f = COURSE_FUNCTION(library, course_sums);
  const auto of = [f](int rows, int columns) {
    return Case{shape_text("x", {rows, columns}), [=](Trial& trial) {
                  const auto x = numbers(count_of({rows, columns}));
                  float *row_sums = trial.output("row_sums", {rows}), *column_sums = trial.output("column_sums", {columns});
                  f(Gpu{}, trial.input("x", x), row_sums, column_sums, rows, columns);
                  trial.expect(row_sums, row_sums_of(x, rows, columns));
                  std::vector<double> want(as_index(columns));
                  for (size_t c = 0; c < want.size(); ++c) want[c] = sum_of(x, c, as_index(rows), want.size());
                  trial.expect(column_sums, want);
                }};
  };
  return {{of(1, 1), of(5, 33), of(100, 3), of(3, 100), of(33, 31)}, of(64, 64), {{Counter::load_sectors, 4}}};
}

}  // namespace cudenza::course
