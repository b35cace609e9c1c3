#include "engine/optim/ridge.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/core/error.h"

namespace cudenza {
namespace {

/// Rows of `features` numbers of mean 0 each, in three classes that a hidden direction tells apart.
struct Data {
  int64_t rows, features;
  std::vector<float> z;
  std::vector<int64_t> labels;

  Data(int64_t n, int64_t d, double noise) : rows(n), features(d), z(static_cast<size_t>(n * d)) {
    std::mt19937_64 random(7);
    for (int64_t i = 0; i < n; ++i) {
      labels.push_back(i * 7 % 3);
      for (int64_t c = 0; c < d; ++c) {
        const double drawn = static_cast<double>(random()) / 0x1p64 - 0.5;
        z[static_cast<size_t>(i * d + c)] = static_cast<float>(2 * noise * drawn + (c % 3 == labels.back() ? 1 : 0));
      }
    }
    for (int64_t c = 0; c < d; ++c) {
      double mean = 0;
      for (int64_t i = 0; i < n; ++i) mean += static_cast<double>(z[static_cast<size_t>(i * d + c)]) / static_cast<double>(n);
      for (int64_t i = 0; i < n; ++i) z[static_cast<size_t>(i * d + c)] -= static_cast<float>(mean);
    }
  }
};

double logit(const Ridge& ridge, const Data& of, int64_t row, int64_t c) {
  double sum = static_cast<double>(ridge.bias[static_cast<size_t>(c)]);
  for (int64_t f = 0; f < of.features; ++f) {
    sum += static_cast<double>(ridge.weight[static_cast<size_t>(c * of.features + f)]) *
           static_cast<double>(of.z[static_cast<size_t>(row * of.features + f)]);
  }
  return sum;
}

TEST(Ridge, SolvesTheNormalEquations) {
  // (Z'Z + lambda) w = Z'y but for the factor s: the ratio of both sides is the same for each feature.
  const Data data(40, 7, 0.8);
  const Ridge ridge = fit_ridge(data.z, {.labels = data.labels, .sizes = {}}, 3);
  for (int64_t c = 0; c < 3; ++c) {
    double ratio = 0;
    for (int64_t f = 0; f < data.features; ++f) {
      double left = ridge.penalty * static_cast<double>(ridge.weight[static_cast<size_t>(c * data.features + f)]), right = 0;
      for (int64_t i = 0; i < data.rows; ++i) {
        const auto z = static_cast<double>(data.z[static_cast<size_t>(i * data.features + f)]);
        left += z * (logit(ridge, data, i, c) - static_cast<double>(ridge.bias[static_cast<size_t>(c)]));
        right += z * (data.labels[static_cast<size_t>(i)] == c ? 1.0 : -1.0);
      }
      if (std::abs(right) < 1) continue;
      if (ratio == 0) ratio = left / right;
      EXPECT_NEAR(left / right, ratio, 1e-3 * ratio) << c << ' ' << f;
    }
    EXPECT_GE(ratio, 0.99);
  }
}

/// Mean cross-entropy of rows `begin` … `end` - 1.
double loss_on(const Ridge& ridge, const Data& data, int64_t begin, int64_t end) {
  double sum = 0;
  for (int64_t i = begin; i < end; ++i) {
    double total = 0;
    for (int64_t c = 0; c < 3; ++c) total += std::exp(logit(ridge, data, i, c));
    sum += (std::log(total) - logit(ridge, data, i, data.labels[static_cast<size_t>(i)])) / static_cast<double>(end - begin);
  }
  return sum;
}

TEST(Ridge, KnowsItsLossOnRowsThatItHasNotSeen) {
  // Twice as many rows, one half to fit. More features than rows, so that the fitted half is no measure.
  Data data(240, 150, 12);
  const std::vector<float> seen(data.z.begin(), data.z.begin() + 120 * 150);
  const Ridge ridge = fit_ridge(seen, {.labels = std::span(data.labels).first(120), .sizes = {}}, 3);
  const double unseen = loss_on(ridge, data, 120, 240);
  EXPECT_LT(loss_on(ridge, data, 0, 120), 0.7 * unseen);
  EXPECT_NEAR(ridge.loss, unseen, 0.2 * unseen);
}

TEST(Ridge, LearnsNothingWhereNothingCanBeLearnt) {
  Data data(30, 400, 1);
  for (size_t i = 0; i < data.labels.size(); ++i) data.labels[i] = static_cast<int64_t>(i) % 2;  // the features know thirds
  const Ridge ridge = fit_ridge(data.z, {.labels = data.labels, .sizes = {}}, 2);
  EXPECT_GT(ridge.loss, 0.6);
  double square = 0;
  for (const float value : data.z) square += std::pow(static_cast<double>(value), 2) / static_cast<double>(data.rows);
  EXPECT_NEAR(ridge.penalty, square, 1e-3 * square) << "all penalties are as good as another, so the largest is the one to take";
}

TEST(Ridge, LeavesAGroupOutWhole) {
  // Each row twice, or three times: a copy of a row that is left out would tell its label.
  const Data data(120, 150, 12);
  std::vector<float> copies;
  std::vector<int64_t> sizes, labels_of_rows;
  for (int64_t i = 0; i < data.rows; ++i) {
    sizes.push_back(2 + i % 2);
    for (int64_t k = 0; k < sizes.back(); ++k) {
      copies.insert(copies.end(), data.z.begin() + i * data.features, data.z.begin() + (i + 1) * data.features);
      labels_of_rows.push_back(data.labels[static_cast<size_t>(i)]);
    }
  }
  const double once = fit_ridge(data.z, {.labels = data.labels, .sizes = {}}, 3).loss;
  EXPECT_NEAR(fit_ridge(copies, {.labels = data.labels, .sizes = sizes}, 3).loss, once, 0.05 * once);
  EXPECT_LT(fit_ridge(copies, {.labels = labels_of_rows, .sizes = {}}, 3).loss, 0.7 * once);
}

TEST(Ridge, RefusesWhatIsNoData) {
  const std::vector<float> z(12);
  const auto fit = [&](std::vector<int64_t> labels, std::vector<int64_t> sizes) {
    return fit_ridge(z, {.labels = labels, .sizes = sizes}, 2);
  };
  EXPECT_NO_THROW(fit({0, 1}, {1, 3}));
  EXPECT_THROW(fit({0}, {}), UsageError);
  EXPECT_THROW(fit({0, 2, 1}, {}), UsageError);
  EXPECT_THROW(fit({0, 1, 1, 0, 1}, {}), UsageError);
  EXPECT_THROW(fit({0, 1}, {2}), UsageError);
  EXPECT_THROW(fit({0, 1}, {0, 3}), UsageError);
}

}  // namespace
}  // namespace cudenza
