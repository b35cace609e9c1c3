/// The equations of tta.h as loops, in double.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/tta/tta_instances.h"

namespace cudenza::kernels {
namespace {

/// log of the sum over c of e^x[c]; the largest is taken out, so that no power overflows.
template <class T> double log_sum_exp(const T* x, int64_t classes) {
  double largest = static_cast<double>(x[0]), sum = 0;
  for (int64_t c = 1; c < classes; ++c) largest = std::fmax(largest, static_cast<double>(x[c]));
  for (int64_t c = 0; c < classes; ++c) sum += std::exp(static_cast<double>(x[c]) - largest);
  return largest + std::log(sum);
}

}  // namespace

template <class T>
void tta_probabilities(Reference, const TtaRule& rule, const T* plain, const T* variants, acc_t<T>* y, int64_t rows,
                       int64_t classes, int64_t passes) {
  std::vector<double> weighted(static_cast<size_t>(classes)), largest(weighted);
  for (int64_t b = 0; b < rows; ++b) {
    std::ranges::fill(weighted, 0);
    std::ranges::fill(largest, 0);
    for (int64_t v = 0; v < passes; ++v) {
      const T* x = v == 0 ? plain + b * classes : variants + ((v - 1) * rows + b) * classes;
      const double lse = log_sum_exp(x, classes), weight = v == 0 ? rule.plain_weight : rule.variant_weight;
      for (size_t c = 0; c < weighted.size(); ++c) {
        const double p = std::exp(static_cast<double>(x[c]) - lse);
        weighted[c] += weight * p;
        if (p > largest[c] || p != p) largest[c] = p;
      }
    }
    const double total = std::accumulate(largest.begin(), largest.end(), 0.0);
    for (size_t c = 0; c < weighted.size(); ++c)
      *y++ = static_cast<acc_t<T>>(rule.takes_largest ? largest[c] / total : weighted[c]);
  }
}

CUDENZA_TTA(Reference, float)
CUDENZA_TTA(Reference, bf16)
CUDENZA_TTA(Reference, f16)
CUDENZA_TTA(Reference, double)

}  // namespace cudenza::kernels
