/// Exercises 17 to 20: windows, prefixes and tiles.
#include <limits>

#include "kernels/course/judge/checks.h"

namespace cudenza::course {
namespace {

/// Few different numbers, so that some are equal; all negative.
std::vector<float> steps(size_t count) {
  auto values = numbers(count, 0, 9);
  for (float& value : values) value = static_cast<float>(static_cast<int>(value)) - 10;
  return values;
}

struct Pooled {
  std::vector<double> y;
  std::vector<int> winner;
};

Pooled pooled(const std::vector<float>& x, int batch, int height, int width, int channels) {
  Pooled all;
  for (int n = 0; n < batch; ++n)
    for (int i = 0; i < (height + 1) / 2; ++i)
      for (int j = 0; j < (width + 1) / 2; ++j)
        for (int c = 0; c < channels; ++c) {
          float most = -std::numeric_limits<float>::infinity();
          int winner = 0;
          for (int p = larger(2 * i - 1, 0); p <= smaller(2 * i + 1, height - 1); ++p)
            for (int q = larger(2 * j - 1, 0); q <= smaller(2 * j + 1, width - 1); ++q) {
              const float in = x[as_index(((n * height + p) * width + q) * channels + c)];
              if (in > most) most = in, winner = p * width + q;
            }
          all.y.push_back(most);
          all.winner.push_back(winner);
        }
  return all;
}

}  // namespace

Exercise max_pool_check(const Library& library) {
  const auto f = COURSE_FUNCTION(library, course_max_pool);
  const auto of = [f](int batch, int height, int width, int channels) {
    return Case{shape_text("x", {batch, height, width, channels}), [=](Trial& trial) {
                  const auto x = steps(count_of({batch, height, width, channels}));
                  const std::vector<int> out{batch, (height + 1) / 2, (width + 1) / 2, channels};
                  float* y = trial.output("y", out);
                  int* winner = trial.integers("winner", out);
                  f(Gpu{}, trial.input("x", x), y, winner, batch, height, width, channels);
                  const Pooled want = pooled(x, batch, height, width, channels);
                  trial.expect(y, want.y);
                  trial.expect(winner, want.winner);
                }};
  };
  return {{of(1, 1, 1, 1), of(1, 2, 2, 3), of(2, 5, 4, 3), of(1, 7, 9, 33)},
          of(1, 8, 8, 32),
          {{Counter::requests, 153}, {Counter::load_sectors, 4}, {Counter::store_sectors, 4}}};
}

Exercise scan_check(const Library& library) {
  const auto f = COURSE_FUNCTION(library, course_scan);
  const auto of = [f](int rows, int columns) {
    return Case{shape_text("x", {rows, columns}), [=](Trial& trial) {
                  const auto x = numbers(count_of({rows, columns}));
                  float* y = trial.output("y", {rows, columns});
                  f(Gpu{}, trial.input("x", x), y, rows, columns);
                  std::vector<double> want;
                  for (size_t i = 0; i < x.size(); ++i) want.push_back(x[i] + (i % as_index(columns) == 0 ? 0 : want.back()));
                  trial.expect(y, want);
                }};
  };
  return {{of(1, 1), of(2, 31), of(3, 33), of(2, 255), of(1, 256)},
          of(5, 256),
          {{Counter::requests, 80},
           {Counter::load_sectors, 4},
           {Counter::store_sectors, 4},
           {Counter::barriers, 9},
           {Counter::passes, 1}}};
}

Exercise depthwise_check(const Library& library) {
  const auto f = COURSE_FUNCTION(library, course_depthwise);
  const auto of = [f](int planes, int height, int width) {
    return Case{shape_text("x", {planes, height, width}), [=](Trial& trial) {
                  const auto x = numbers(count_of({planes, height, width})), w = numbers(count_of({planes, 9}), -1, 1, 2);
                  float* y = trial.output("y", {planes, height, width});
                  f(Gpu{}, trial.input("x", x), trial.input("w", w), y, planes, height, width);
                  std::vector<double> want;
                  for (int k = 0; k < planes * height * width; ++k) {
                    const int j = k % width, i = k / width % height, plane = k / width / height;
                    double sum = 0;
                    for (int t = 0; t < 9; ++t) {
                      const int p = i + t / 3 - 1, q = j + t % 3 - 1;
                      if (p < 0 || p >= height || q < 0 || q >= width) continue;
                      sum += static_cast<double>(w[as_index(plane * 9 + t)]) * x[as_index((plane * height + p) * width + q)];
                    }
                    want.push_back(sum);
                  }
                  trial.expect(y, want);
                }};
  };
  return {{of(1, 1, 1), of(2, 3, 5), of(1, 8, 32), of(2, 9, 33), of(1, 7, 65)},
          of(2, 64, 64),
          {{Counter::requests, 2912}, {Counter::barriers, 1}, {Counter::passes, 1}}};
}

Exercise matmul_check(const Library& library) {
  const auto f = COURSE_FUNCTION(library, course_matmul);
  const auto of = [f](int m, int n, int k) {
    const std::string shape = "m = " + std::to_string(m) + ", n = " + std::to_string(n) + ", k = " + std::to_string(k);
    return Case{shape, [=](Trial& trial) {
                  const auto a = numbers(count_of({m, k})), b = numbers(count_of({k, n}), -1, 1, 2);
                  float* c = trial.output("c", {m, n});
                  f(Gpu{}, trial.input("a", a), trial.input("b", b), c, m, n, k);
                  std::vector<double> want;
                  for (int i = 0; i < m; ++i)
                    for (int j = 0; j < n; ++j) {
                      double sum = 0;
                      for (int l = 0; l < k; ++l) sum += static_cast<double>(a[as_index(i * k + l)]) * b[as_index(l * n + j)];
                      want.push_back(sum);
                    }
                  trial.expect(c, want);
                }};
  };
  return {{of(1, 1, 1), of(2, 3, 0), of(5, 7, 9), of(16, 16, 16), of(17, 33, 20)},
          of(32, 32, 128),
          {{Counter::requests, 544}, {Counter::barriers, 16}, {Counter::passes, 1}, {Counter::load_sectors, 4}}};
}

}  // namespace cudenza::course
