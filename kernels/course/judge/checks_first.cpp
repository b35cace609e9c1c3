/// Exercises 1 to 6: one element a thread, and how neighbours ask for memory.
#include <cmath>

#include "kernels/course/judge/checks.h"

namespace cudenza::course {
namespace {

/// The right y[i] of x[i], for all i.
template <class F> std::vector<double> each(const std::vector<float>& x, F f) {
  std::vector<double> y;
  y.reserve(x.size());
  for (const float value : x) y.push_back(f(static_cast<double>(value)));
  return y;
}

std::string named(const char* name, int value) { return std::string(name) + " = " + std::to_string(value); }

/// A case for each n, of a function of n elements: run(trial, n).
template <class Run> std::vector<Case> cases_of(std::initializer_list<int> sizes, Run run) {
  std::vector<Case> cases;
  for (const int n : sizes) cases.push_back({named("n", n), [=](Trial& trial) { run(trial, n); }});
  return cases;
}

const std::vector<Target> kCoalesced = {{Counter::load_sectors, 4}, {Counter::store_sectors, 4}};

Exercise coalesced(std::initializer_list<int> sizes, int measured, const std::function<void(Trial&, int)>& run) {
  return {cases_of(sizes, run), cases_of({measured}, run)[0], kCoalesced};
}

}  // namespace

Exercise map_check(const Library& library) {
  const auto f = COURSE_FUNCTION(library, course_map);
  return coalesced({0, 256, 1024}, 4096, [f](Trial& trial, int n) {
    const auto x = numbers(as_index(n));
    float* y = trial.output("y", {n});
    f(Gpu{}, trial.input("x", x), y, n, 3, 2);
    trial.expect(y, each(x, [](double v) { return 3 * v + 2; }));
  });
}

Exercise bounds_check(const Library& library) {
  const auto f = COURSE_FUNCTION(library, course_bounds);
  return coalesced({0, 1, 31, 255, 256, 257, 600}, 4096, [f](Trial& trial, int n) {
    const auto x = numbers(as_index(n));
    float* y = trial.output("y", {n});
    f(Gpu{}, trial.input("x", x), y, n);
    trial.expect(y, each(x, [](double v) { return v > 0 ? v : 0; }));
  });
}

Exercise stride_check(const Library& library) {
  const auto f = COURSE_FUNCTION(library, course_stride);
  return coalesced({0, 1, 257, 1024, 1025, 3000}, 4096, [f](Trial& trial, int n) {
    const auto x = numbers(as_index(n));
    float* y = trial.output("y", {n});
    f(Gpu{}, trial.input("x", x), y, n);
    trial.expect(y, each(x, [](double v) { return v * v; }));
  });
}

Exercise packs_check(const Library& library) {
  const auto f = COURSE_FUNCTION(library, course_packs);
  auto exercise = coalesced({0, 1, 3, 4, 5, 1023, 1030}, 4096, [f](Trial& trial, int n) {
    const auto x = numbers(as_index(n));
    float* y = trial.output("y", {n});
    f(Gpu{}, trial.input("x", x), y, n, 3, 2);
    trial.expect(y, each(x, [](double v) { return 3 * v + 2; }));
  });
  exercise.targets = {{Counter::requests, 64}, {Counter::load_sectors, 16}, {Counter::store_sectors, 16}};
  return exercise;
}

Exercise index_check(const Library& library) {
  const auto f = COURSE_FUNCTION(library, course_index);
  const auto of = [f](int rows, int columns) {
    return Case{shape_text("x", {rows, columns}), [=](Trial& trial) {
                  const auto x = numbers(count_of({rows, columns}));
                  const auto u = numbers(as_index(rows), 1, 2, 2), v = numbers(as_index(columns), 1, 2, 3);
                  float* y = trial.output("y", {rows, columns});
                  f(Gpu{}, trial.input("x", x), trial.input("u", u), trial.input("v", v), y, rows, columns);
                  std::vector<double> want;
                  for (size_t i = 0; i < u.size(); ++i)
                    for (size_t j = 0; j < v.size(); ++j) want.push_back(x[i * v.size() + j] + static_cast<double>(u[i]) * v[j]);
                  trial.expect(y, want);
                }};
  };
  return {{of(1, 1), of(0, 5), of(7, 33), of(5, 100), of(100, 5), of(31, 31)}, of(64, 64), kCoalesced};
}

Exercise coalescing_check(const Library& library) {
  const auto f = COURSE_FUNCTION(library, course_coalescing);
  const auto of = [f](int rows, int columns) {
    return Case{shape_text("x", {rows, columns}), [=](Trial& trial) {
                  const auto x = numbers(count_of({rows, columns})), bias = numbers(as_index(columns), 1, 2, 2);
                  float* y = trial.output("y", {rows, columns});
                  f(Gpu{}, trial.input("x", x), trial.input("bias", bias), y, rows, columns);
                  std::vector<double> want;
                  for (size_t i = 0; i < x.size(); ++i) want.push_back(static_cast<double>(x[i]) + bias[i % bias.size()]);
                  trial.expect(y, want);
                }};
  };
  return {{of(1, 1), of(3, 0), of(7, 33), of(100, 3), of(2, 130)}, of(64, 64), kCoalesced};
}

}  // namespace cudenza::course
