/// How well random numbers follow a law. All bounds here are at odds of about one in a million; seeds are fixed, so that a test
/// that passes once passes always.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

namespace cudenza::testing {

/// Largest distance between the numbers' distribution function and `cdf`, times the root of their number (Kolmogorov, Smirnov).
template <class Cdf> double ks_statistic(std::vector<double> x, Cdf cdf) {
  std::sort(x.begin(), x.end());
  const double n = static_cast<double>(x.size());
  double distance = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double f = cdf(x[i]), below = static_cast<double>(i) / n;
    distance = std::max({distance, f - below, below + 1 / n - f});
  }
  return distance * std::sqrt(n);
}
constexpr double kKsBound = 2.7;  // 2 e^(-2 · 2.7²) = 9e-7

/// How many standard deviations the sum of (count - expected)² / expected lies above what equally likely bins give.
inline double chi_square_excess(const std::vector<int>& counts) {
  double total = 0, sum = 0;
  for (const int count : counts) total += count;
  const double expected = total / static_cast<double>(counts.size());
  for (const int count : counts) sum += (count - expected) * (count - expected) / expected;
  const double freedom = static_cast<double>(counts.size()) - 1;
  return (sum - freedom) / std::sqrt(2 * freedom);
}
constexpr double kChiSquareBound = 7;  // the law leans to the right: wider than a normal one's 4.9

struct MeanAndVariance {
  double mean, variance;
};
inline MeanAndVariance mean_and_variance(const std::vector<double>& x) {
  double sum = 0, squares = 0;
  for (const double v : x) sum += v;
  const double mean = sum / static_cast<double>(x.size());
  for (const double v : x) squares += (v - mean) * (v - mean);
  return {mean, squares / static_cast<double>(x.size())};
}

}  // namespace cudenza::testing
