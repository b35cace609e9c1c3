#include "kernels/fft/fft_plan.h"

#include <cmath>

#include "kernels/common/extents.h"

namespace cudenza::kernels {
namespace {

int take_factor(int64_t& n, int prime) {
  int count = 0;
  for (; n % prime == 0; n /= prime) ++count;
  return count;
}

/// Powers of two first: their spans divide quickly, and the first pass, which has no twiddles, may be larger.
std::vector<int> radices(int64_t n, FftRadix largest) {
  if (largest == FftRadix::gpu && n == kWarpFftPoints) return {32, 32};
  std::vector<int> found;
  int bits = take_factor(n, 2);
  if (largest == FftRadix::cpu) {
    if (bits % 2 == 1 && bits >= 3) found.push_back(8), bits -= 3;
    for (; bits >= 2; bits -= 2) found.push_back(4);
    if (bits == 1) found.push_back(2);
  } else {
    for (int left = ceil_div(bits, 4); left > 0; --left) {  // 512 = 8 * 8 * 8
      const int share = ceil_div(bits, left);
      found.push_back(1 << share);
      bits -= share;
    }
  }
  for (const int prime : {3, 5}) found.insert(found.end(), static_cast<size_t>(take_factor(n, prime)), prime);
  return found;
}

/// e^(-2 pi i k / n).
template <class T> Complex<T> root(int64_t k, int64_t n) {
  const double angle = 2.0 * M_PI * static_cast<double>(k % n) / static_cast<double>(n);
  return {static_cast<T>(std::cos(angle)), static_cast<T>(-std::sin(angle))};
}

}  // namespace

bool fft_supports(int64_t n) {
  if (n < 1 || n > 1 << 20) return false;
  for (const int prime : {2, 3, 5}) take_factor(n, prime);
  return n == 1;
}

FftPlan make_fft_plan(int n, FftRadix largest) {
  FftPlan plan;
  plan.n = n;
  int span = 1;
  for (const int radix : radices(n, largest)) {
    plan.pass[plan.passes++] = {radix, span, plan.twiddles, static_cast<uint32_t>(((uint64_t{1} << 32) + span - 1) / span)};
    if (span > 1) plan.twiddles += (radix - 1) * span;
    span *= radix;
  }
  return plan;
}

std::vector<int32_t> fft_order(const FftPlan& plan) {
  std::vector<int32_t> order;
  for (int k = 0; k < plan.n; ++k) {
    int rest = k, place = 0;
    for (int p = plan.passes - 1; p >= 0; --p) {  // part k % radix of the last pass, and so on inside it
      place += rest % plan.pass[p].radix * plan.pass[p].span;
      rest /= plan.pass[p].radix;
    }
    order.push_back(place);
  }
  return order;
}

template <class T> std::vector<Complex<T>> fft_twiddles(const FftPlan& plan) {
  std::vector<Complex<T>> table;
  for (int p = 1; p < plan.passes; ++p) {
    const FftPass& pass = plan.pass[p];
    for (int64_t q = 1; q < pass.radix; ++q) {
      for (int64_t k = 0; k < pass.span; ++k) table.push_back(root<T>(q * k, int64_t{pass.radix} * pass.span));
    }
  }
  return table;
}

template <class T> std::vector<Complex<T>> split_twiddles(int n) {
  std::vector<Complex<T>> table;
  for (int k = 0; k <= n / 4; ++k) table.push_back(root<T>(k, n));
  return table;
}

template std::vector<Complex<float>> fft_twiddles(const FftPlan&);
template std::vector<Complex<double>> fft_twiddles(const FftPlan&);
template std::vector<Complex<float>> split_twiddles(int);
template std::vector<Complex<double>> split_twiddles(int);

}  // namespace cudenza::kernels
