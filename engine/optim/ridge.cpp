#include "engine/optim/ridge.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/error.h"
#include "engine/libraries/gemm.h"

namespace cudenza {
namespace {

using Matrix = std::vector<double>;  // row-major

double dot(const double* a, const double* b, int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

/// Z Z' [n,n]. Products in float, in pieces of the features whose sums are added in double.
Matrix gram(std::span<const float> z, int64_t n) {
  constexpr int64_t kPiece = 4096;
  const auto features = static_cast<int64_t>(z.size()) / n;
  Matrix k(static_cast<size_t>(n * n));
  std::vector<float> piece, product(k.size());
  for (int64_t begin = 0; begin < features; begin += kPiece) {
    const int64_t width = std::min(kPiece, features - begin);
    piece.resize(static_cast<size_t>(n * width));
    for (int64_t i = 0; i < n; ++i) std::copy_n(z.data() + i * features + begin, width, piece.data() + i * width);
    gemm(Device::cpu(), {.m = n, .n = n, .k = width, .transpose_b = true}, piece.data(), piece.data(), product.data());
    for (size_t i = 0; i < k.size(); ++i) k[i] += static_cast<double>(product[i]);
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

/// Cross-entropy of softmax(s · logits [n,classes]): its mean, and the standard error of that.
struct Loss {
  double mean, error;
};
Loss cross_entropy(const Matrix& logits, std::span<const int64_t> labels, int64_t classes, double s) {
  const auto n = static_cast<double>(labels.size());
  double sum = 0, squares = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double* const row = logits.data() + static_cast<int64_t>(i) * classes;
    const double highest = *std::max_element(row, row + classes);
    double total = 0;
    for (int64_t c = 0; c < classes; ++c) total += std::exp(s * (row[c] - highest));
    const double loss = std::log(total) - s * (row[labels[i]] - highest);
    sum += loss, squares += loss * loss;
  }
  return {sum / n, std::sqrt(std::max(squares / n - sum / n * (sum / n), 0.0) / n)};
}

/// What is solved for: rows in groups, and their targets.
struct Problem {
  std::span<const int64_t> labels;  ///< of groups
  std::vector<int64_t> begin;       ///< of each group's rows, and their end
  int64_t classes;

  int64_t rows() const { return begin.back(); }
  double target(size_t group, int64_t c) const { return labels[group] == c ? 1 : -1; }
};

/// A = G Y [rows,classes].
Matrix coefficients(const Matrix& g, const Problem& p) {
  const int64_t n = p.rows();
  Matrix a(static_cast<size_t>(n * p.classes));
#pragma omp parallel for
  for (int64_t i = 0; i < n; ++i) {
    double all = 0;
    double* const row = a.data() + i * p.classes;
    for (size_t group = 0; group < p.labels.size(); ++group) {
      double sum = 0;
      for (int64_t j = p.begin[group]; j < p.begin[group + 1]; ++j) sum += g[static_cast<size_t>(i * n + j)];
      row[p.labels[group]] += 2 * sum;  // the targets are 2 for the class, 0 for the others, and -1 for all
      all += sum;
    }
    for (int64_t c = 0; c < p.classes; ++c) row[c] -= all;
  }
  return a;
}

/// The logits of each group by what is fitted to the others, [groups,classes].
Matrix left_out(const Matrix& g, const Matrix& a, const Problem& p) {
  const int64_t n = p.rows();
  Matrix logits(p.labels.size() * static_cast<size_t>(p.classes));
#pragma omp parallel for schedule(dynamic)
  for (size_t group = 0; group < p.labels.size(); ++group) {
    const int64_t first = p.begin[group], size = p.begin[group + 1] - first;
    Matrix block(static_cast<size_t>(size * size));
    for (int64_t i = 0; i < size; ++i)
      for (int64_t j = 0; j < size; ++j)
        block[static_cast<size_t>(i * size + j)] = g[static_cast<size_t>((first + i) * n + first + j)];
    const Matrix of_block = inverse(factor(block, 0, size), size);
    for (int64_t c = 0; c < p.classes; ++c) {
      double errors = 0;
      for (int64_t i = 0; i < size; ++i)
        for (int64_t j = 0; j < size; ++j)
          errors += of_block[static_cast<size_t>(i * size + j)] * a[static_cast<size_t>((first + j) * p.classes + c)];
      logits[group * static_cast<size_t>(p.classes) + static_cast<size_t>(c)] =
          p.target(group, c) - errors / static_cast<double>(size);
    }
  }
  return logits;
}

Problem checked_problem(std::span<const float> z, const RidgeGroups& groups, int64_t classes) {
  Problem p{.labels = groups.labels, .begin = {0}, .classes = classes};
  require(p.labels.size() > 1, "fit_ridge: {} groups, but at least two are needed", p.labels.size());
  require(groups.sizes.empty() || groups.sizes.size() == p.labels.size(), "fit_ridge: {} sizes of {} groups", groups.sizes.size(),
          p.labels.size());
  const auto wrong = std::ranges::find_if(p.labels, [&](int64_t label) { return label < 0 || label >= classes; });
  require(wrong == p.labels.end(), "fit_ridge: a label is {}, but there are {} classes", wrong == p.labels.end() ? 0 : *wrong,
          classes);
  for (size_t group = 0; group < p.labels.size(); ++group) {
    const int64_t size = groups.sizes.empty() ? 1 : groups.sizes[group];
    require(size > 0, "fit_ridge: group {} has {} rows", group, size);
    p.begin.push_back(p.begin.back() + size);
  }
  require(!z.empty() && static_cast<int64_t>(z.size()) % p.rows() == 0, "fit_ridge: {} numbers for {} rows", z.size(), p.rows());
  return p;
}

/// A candidate for the penalty.
struct Candidate {
  double lambda, s;
  Loss loss;
  Matrix a;
};

}  // namespace

Ridge fit_ridge(std::span<const float> z, const RidgeGroups& groups, int64_t classes) {
  const Problem p = checked_problem(z, groups, classes);
  const int64_t n = p.rows(), features = static_cast<int64_t>(z.size()) / n;
  Matrix k = gram(z, n);
  double trace = 0;
  for (int64_t i = 0; i < n; ++i) trace += k[static_cast<size_t>(i * n + i)];
  require(std::isfinite(trace), "fit_ridge: the features are no numbers");
  // Without the constant, K would not see the vector of ones, and a row's left-out prediction would know its own label from the
  // mean that it is part of.
  const double constant = std::max(trace / static_cast<double>(n), 1e-12);
  for (double& value : k) value += constant;

  std::vector<Candidate> candidates;
  for (const double share : {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0}) {  // of the mean of a row's square
    const double lambda = share * constant;
    const Matrix g = inverse(factor(k, lambda, n), n);
    Candidate best{.lambda = lambda, .s = 1, .loss = {}, .a = coefficients(g, p)};
    best.loss.mean = std::numeric_limits<double>::infinity();
    const Matrix logits = left_out(g, best.a, p);
    for (const double s : {1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0}) {
      const Loss loss = cross_entropy(logits, p.labels, classes, s);
      if (loss.mean < best.loss.mean) best.loss = loss, best.s = s;
    }
    candidates.push_back(std::move(best));
  }
  const Loss lowest = std::ranges::min_element(candidates, {}, [](const Candidate& c) { return c.loss.mean; })->loss;
  const auto chosen = std::find_if(candidates.rbegin(), candidates.rend(),
                                   [&](const Candidate& c) { return c.loss.mean <= lowest.mean + lowest.error; });

  Ridge ridge{.weight = std::vector<float>(static_cast<size_t>(classes * features)),
              .bias = std::vector<float>(static_cast<size_t>(classes)),
              .penalty = chosen->lambda,
              .loss = chosen->loss.mean};
  std::vector<float> a(chosen->a.size());
  std::ranges::transform(chosen->a, a.begin(), [&](double value) { return static_cast<float>(chosen->s * value); });
  gemm(Device::cpu(), {.m = classes, .n = features, .k = n, .transpose_a = true}, a.data(), z.data(), ridge.weight.data());
  for (int64_t c = 0; c < classes; ++c) {
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += chosen->a[static_cast<size_t>(i * classes + c)];
    ridge.bias[static_cast<size_t>(c)] = static_cast<float>(chosen->s * constant * sum);
  }
  return ridge;
}

}  // namespace cudenza
