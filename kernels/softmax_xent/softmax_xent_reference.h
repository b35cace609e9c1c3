#pragma once
#include <cmath>
#include <cstdint>

namespace cudenza::kernels {

/// log of the sum over c of e^x[c]; the largest is taken out, so that no power overflows.
template <class T> double log_sum_exp(const T* x, int64_t classes) {
  double largest = static_cast<double>(x[0]), sum = 0;
  for (int64_t c = 1; c < classes; ++c) largest = std::fmax(largest, static_cast<double>(x[c]));
  for (int64_t c = 0; c < classes; ++c) sum += std::exp(static_cast<double>(x[c]) - largest);
  return largest + std::log(sum);
}

}  // namespace cudenza::kernels
