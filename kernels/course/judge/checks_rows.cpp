/// Exercises 13 to 16: softmax, statistics and normalisation of rows.
#include <algorithm>
#include <cmath>

#include "kernels/course/judge/checks.h"

namespace cudenza::course {
namespace {

std::vector<double> softmax_of(const std::vector<float>& x, int rows, int columns) {
  std::vector<double> y(x.size());
  for (int r = 0; r < rows; ++r) {
    const size_t first = count_of({r, columns}), end = first + as_index(columns);
    double largest = x[first], sum = 0;
    for (size_t i = first; i < end; ++i) largest = std::max<double>(largest, x[i]);
    for (size_t i = first; i < end; ++i) sum += std::exp(x[i] - largest);
    for (size_t i = first; i < end; ++i) y[i] = std::exp(x[i] - largest) / sum;
  }
  return y;
}

template <class F> Exercise softmax_exercise(F f, double requests) {
  const auto of = [f](int rows, int columns, float low, float high) {
    const std::string range =
        ", numbers from " + std::to_string(static_cast<int>(low)) + " to " + std::to_string(static_cast<int>(high));
    return Case{shape_text("x", {rows, columns}) + range, [=](Trial& trial) {
                  const auto x = numbers(count_of({rows, columns}), low, high);
                  float* y = trial.output("y", {rows, columns});
                  f(Gpu{}, trial.input("x", x), y, rows, columns);
                  trial.expect(y, softmax_of(x, rows, columns));
                }};
  };
  return {{of(1, 1, -1, 1), of(0, 3, -1, 1), of(3, 5, -3, 3), of(5, 33, -3, 3), of(6, 40, 90, 1000), of(3, 100, -1000, -90)},
          of(64, 128, -3, 3),
          {{Counter::requests, requests}, {Counter::load_sectors, 4}, {Counter::store_sectors, 4}}};
}

}  // namespace

Exercise softmax_check(const Library& library) { return softmax_exercise(COURSE_FUNCTION(library, course_softmax), 1024); }

Exercise online_softmax_check(const Library& library) {
  return softmax_exercise(COURSE_FUNCTION(library, course_online_softmax), 768);
}

Exercise welford_check(const Library& library) {
  const auto f = COURSE_FUNCTION(library, course_welford);
  const auto of = [f](int rows, int columns, float middle) {
    const std::string range = ", numbers around " + std::to_string(static_cast<int>(middle));
    return Case{shape_text("x", {rows, columns}) + range, [=](Trial& trial) {
                  const auto x = numbers(count_of({rows, columns}), middle - 1, middle + 1);
                  float *mean = trial.output("mean", {rows}), *variance = trial.output("variance", {rows});
                  f(Gpu{}, trial.input("x", x), mean, variance, rows, columns);
                  std::vector<double> means, variances;
                  for (int r = 0; r < rows; ++r) {
                    const auto first = x.begin() + r * columns, end = first + columns;
                    double sum = 0, m2 = 0;
                    std::for_each(first, end, [&](double v) { sum += v; });
                    std::for_each(first, end, [&](double v) { m2 += (v - sum / columns) * (v - sum / columns); });
                    means.push_back(sum / columns);
                    variances.push_back(m2 / columns);
                  }
                  trial.expect(mean, means);
                  trial.expect(variance, variances, 2e-3);
                }};
  };
  return {{of(1, 1, 0), of(3, 5, 0), of(5, 33, 0), of(7, 100, 1000), of(2, 1000, -1000)},
          of(64, 128, 1000),
          {{Counter::requests, 384}, {Counter::load_sectors, 4}, {Counter::shared_requests, 0}}};
}

Exercise batch_norm_check(const Library& library) {
  const auto f = COURSE_FUNCTION(library, course_batch_norm);
  const auto of = [f](int rows, int channels) {
    return Case{shape_text("x", {rows, channels}), [=](Trial& trial) {
                  const auto x = numbers(count_of({rows, channels}), 999, 1001);
                  const auto c = as_index(channels);
                  const auto mean = numbers(c, 999.5f, 1000.5f, 2), inv_std = numbers(c, 1, 2, 3), gamma = numbers(c, -1, 1, 4),
                             beta = numbers(c, -1, 1, 5);
                  float* y = trial.output("y", {rows, channels});
                  f(Gpu{}, trial.input("x", x), trial.input("mean", mean), trial.input("inv_std", inv_std),
                    trial.input("gamma", gamma), trial.input("beta", beta), y, rows, channels);
                  std::vector<double> want;
                  for (size_t i = 0; i < x.size(); ++i) {
                    const size_t k = i % c;
                    const double z = (static_cast<double>(x[i]) - mean[k]) * inv_std[k] * gamma[k] + beta[k];
                    want.push_back(std::max(z, 0.0));
                  }
                  trial.expect(y, want);
                }};
  };
  return {{of(1, 1), of(0, 3), of(5, 7), of(33, 10), of(3, 300)},
          of(64, 64),
          {{Counter::launches, 1}, {Counter::bytes, 33792}, {Counter::load_sectors, 4}, {Counter::store_sectors, 4}}};
}

}  // namespace cudenza::course
