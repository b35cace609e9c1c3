#include "tests/support/compare.h"

#include <cmath>
#include <cstring>

#include "engine/core/gpu.h"

namespace cudenza::testing {
namespace {

bool same_bytes(const Tensor& a, const Tensor& b) {
  return a.device().is_cpu() && b.device().is_cpu() && a.dtype() == b.dtype() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

}  // namespace

::testing::AssertionResult is_close(const Tensor& result, const Tensor& expected, Tolerance tolerance, double factor) {
  if (result.shape() != expected.shape()) {
    return ::testing::AssertionFailure() << "shape " << result.shape().text() << ", expected " << expected.shape().text();
  }
  if (same_bytes(result, expected)) return ::testing::AssertionSuccess();  // which is soon known of large ones
  const auto r = result.to_vector<double>(), e = expected.to_vector<double>();
  double largest = 0;
  for (const double value : e) largest = std::isfinite(value) ? std::max(largest, std::abs(value)) : largest;
  if (!is_floating(result.dtype())) tolerance = {0, 0};
  double worst_excess = 0;
  size_t worst = e.size();
  for (size_t i = 0; i < e.size(); ++i) {
    const bool both_nan = std::isnan(r[i]) && std::isnan(e[i]);
    if (both_nan || r[i] == e[i]) continue;
    const double error = std::abs(r[i] - e[i]), allowed = factor * (tolerance.atol * largest + tolerance.rtol * std::abs(e[i]));
    if (error <= allowed) continue;
    const double excess = std::isnan(error) || allowed == 0 ? INFINITY : error / allowed;
    if (worst == e.size() || excess > worst_excess) worst = i, worst_excess = excess;
  }
  if (worst == e.size()) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "element " << worst << " of " << result.shape().text() << " is " << r[worst]
                                       << ", expected " << e[worst] << ": " << worst_excess
                                       << " times the tolerance (largest |expected| " << largest << ")";
}

void expect_same_outcome(const OpCase& op_case, const Outcome& outcome, const Outcome& expected, Tolerance tolerance) {
  for (size_t i = 0; i < expected.results.size(); ++i) {
    EXPECT_TRUE(is_close(outcome.results.at(i), expected.results[i], tolerance, op_case.tolerance_factor)) << "result " << i;
  }
  for (size_t i = 0; i < expected.gradients.size(); ++i) {
    EXPECT_TRUE(is_close(outcome.gradients.at(i), expected.gradients[i], tolerance, op_case.tolerance_factor))
        << "gradient " << i;
  }
}

bool has_gpu() { return gpu::count() > 0; }

}  // namespace cudenza::testing
