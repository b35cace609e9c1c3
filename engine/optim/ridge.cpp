#include "engine/optim/ridge.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/error.h"

namespace cudenza {
namespace {

using Matrix = std::vector<double>;  // row-major

double dot(const double* a, const double* b, int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

/// Z Z' [n,n].
Matrix gram(std::span<const float> z, int64_t n) {
  const auto features = static_cast<int64_t>(z.size()) / n;
  Matrix k(static_cast<size_t>(n * n));
#pragma omp parallel for schedule(dynamic)
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      const float *a = z.data() + i * features, *b = z.data() + j * features;
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t c = 0; c < features; ++c) sum += static_cast<double>(a[c]) * static_cast<double>(b[c]);
      k[static_cast<size_t>(i * n + j)] = k[static_cast<size_t>(j * n + i)] = sum;
    }
  }
  return k;
}

/// The lower triangle L of K + lambda = L L' (Cholesky).
Matrix factor(const Matrix& k, double lambda, int64_t n) {
  Matrix l(k.size());
  for (int64_t j = 0; j < n; ++j) {
    const double* const row = l.data() + j * n;
    const double pivot = std::sqrt(k[static_cast<size_t>(j * n + j)] + lambda - dot(row, row, j));
    l[static_cast<size_t>(j * n + j)] = pivot;
#pragma omp parallel for if (n - j > 64)
    for (int64_t i = j + 1; i < n; ++i)
      l[static_cast<size_t>(i * n + j)] = (k[static_cast<size_t>(i * n + j)] - dot(l.data() + i * n, row, j)) / pivot;
  }
  return l;
}

/// (L L')^-1 [n,n]. Row i of the transposed inverse of L is column i of the inverse: contiguous.
Matrix inverse(const Matrix& l, int64_t n) {
  Matrix columns(l.size()), result(l.size());
#pragma omp parallel for schedule(dynamic)
  for (int64_t c = 0; c < n; ++c) {
    double* const x = columns.data() + c * n;
    for (int64_t i = c; i < n; ++i) {
      const double below = dot(l.data() + i * n + c, x + c, i - c);
      x[i] = ((i == c ? 1.0 : 0.0) - below) / l[static_cast<size_t>(i * n + i)];
    }
  }
#pragma omp parallel for schedule(dynamic)
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j <= i; ++j) {  // both columns are zero above i
      const double sum = dot(columns.data() + i * n + i, columns.data() + j * n + i, n - i);
      result[static_cast<size_t>(i * n + j)] = result[static_cast<size_t>(j * n + i)] = sum;
    }
  }
  return result;
}

/// Mean cross-entropy of softmax(s · logits [n,classes]).
double cross_entropy(const Matrix& logits, std::span<const int64_t> labels, int64_t classes, double s) {
  double sum = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double* const row = logits.data() + static_cast<int64_t>(i) * classes;
    const double highest = *std::max_element(row, row + classes);
    double total = 0;
    for (int64_t c = 0; c < classes; ++c) total += std::exp(s * (row[c] - highest));
    sum += std::log(total) - s * (row[labels[i]] - highest);
  }
  return sum / static_cast<double>(labels.size());
}

}  // namespace

Ridge fit_ridge(std::span<const float> z, std::span<const int64_t> labels, int64_t classes) {
  const auto n = static_cast<int64_t>(labels.size());
  require(n > 1 && z.size() % labels.size() == 0, "fit_ridge: {} numbers and {} labels; at least two rows are needed", z.size(),
          n);
  const auto wrong = std::ranges::find_if(labels, [&](int64_t label) { return label < 0 || label >= classes; });
  require(wrong == labels.end(), "fit_ridge: a label is {}, but there are {} classes", wrong == labels.end() ? 0 : *wrong,
          classes);
  const auto features = static_cast<int64_t>(z.size()) / n;
  Matrix k = gram(z, n);
  double trace = 0;
  for (int64_t i = 0; i < n; ++i) trace += k[static_cast<size_t>(i * n + i)];
  // Without the constant, K would not see the vector of ones, and a row's left-out prediction would know its own label from the
  // mean that it is part of.
  const double constant = std::max(trace / static_cast<double>(n), 1e-12);
  for (double& value : k) value += constant;
  const auto target = [&](int64_t i, int64_t c) { return labels[static_cast<size_t>(i)] == c ? 1.0 : -1.0; };

  Ridge best{.weight = {}, .bias = {}, .penalty = 0, .loss = std::numeric_limits<double>::infinity()};
  double best_s = 1;
  Matrix best_a, a(static_cast<size_t>(n * classes)), left_out(a.size());
  for (const double share : {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0}) {  // of the mean of a row's square
    const double lambda = share * constant;
    const Matrix g = inverse(factor(k, lambda, n), n);
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t c = 0; c < classes; ++c) {
        double sum = 0;
        for (int64_t j = 0; j < n; ++j) sum += g[static_cast<size_t>(i * n + j)] * target(j, c);
        const auto at = static_cast<size_t>(i * classes + c);
        a[at] = sum;
        left_out[at] = target(i, c) - sum / g[static_cast<size_t>(i * n + i)];
      }
    }
    for (const double s : {1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0}) {
      const double loss = cross_entropy(left_out, labels, classes, s);
      if (loss < best.loss) best.loss = loss, best.penalty = lambda, best_s = s, best_a = a;
    }
  }
  require(!best_a.empty(), "fit_ridge: the features are no numbers");
  best.weight.assign(static_cast<size_t>(classes * features), 0);
#pragma omp parallel for
  for (int64_t c = 0; c < classes; ++c) {
    Matrix row(static_cast<size_t>(features));
    for (int64_t i = 0; i < n; ++i) {
      const double factor_of_row = best_s * best_a[static_cast<size_t>(i * classes + c)];
      for (int64_t f = 0; f < features; ++f)
        row[static_cast<size_t>(f)] += factor_of_row * static_cast<double>(z[static_cast<size_t>(i * features + f)]);
    }
    std::ranges::transform(row, best.weight.begin() + c * features, [](double w) { return static_cast<float>(w); });
  }
  for (int64_t c = 0; c < classes; ++c) {
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += best_a[static_cast<size_t>(i * classes + c)];
    best.bias.push_back(static_cast<float>(best_s * constant * sum));
  }
  return best;
}

}  // namespace cudenza
