/// Real transforms called as tests like it, and the definition they are held against.
#pragma once
#include <cmath>
#include <complex>
#include <random>
#include <vector>

#include "kernels/fft/fft.h"

namespace cudenza::testing {

/// Half lengths of one pass and of several, every radix on either device, and a frame of each preset.
inline constexpr int kFftLengths[] = {4,  6,   8,   10,  12,  16,  20,  30,  32,   36,   50,  64,
                                      90, 128, 160, 216, 256, 400, 500, 512, 1024, 1500, 2048};

inline std::vector<double> noise(int count) {
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  std::vector<double> x(static_cast<size_t>(count));
  for (double& value : x) value = static_cast<float>(normal(random));
  return x;
}

template <class T, class Where> std::vector<kernels::Complex<T>> rfft(Where where, const std::vector<T>& x, int n) {
  const auto plan =
      kernels::make_fft_plan(n / 2, std::is_same_v<Where, kernels::Cpu> ? kernels::FftRadix::cpu : kernels::FftRadix::gpu);
  const auto twiddles = kernels::fft_twiddles<T>(plan), split = kernels::split_twiddles<T>(n);
  const auto order = kernels::fft_order(plan);
  const int64_t batch = static_cast<int64_t>(x.size()) / n;
  std::vector<kernels::Complex<T>> y(static_cast<size_t>(batch * (n / 2 + 1)));
  kernels::rfft_forward(where, kernels::RealFft<T>{n, plan, twiddles.data(), split.data(), order.data()}, x.data(), y.data(),
                        batch);
  return y;
}

/// The largest error of any coefficient, relative to the root mean square of its frame's spectrum. A few of a frame's
/// coefficients are checked if it is long.
template <class T> double worst_error(const std::vector<kernels::Complex<T>>& y, const std::vector<double>& x, int n) {
  const int bins = n / 2 + 1, step = bins > 64 ? bins / 13 : 1;
  double worst = 0;
  for (size_t b = 0; b < x.size() / static_cast<size_t>(n); ++b) {
    double energy = 0;
    for (int i = 0; i < n; ++i) energy += std::norm(x[b * n + i]);
    for (int k = 0; k < bins; k += step) {
      std::complex<double> exact = 0;
      for (int64_t i = 0; i < n; ++i) exact += x[b * n + i] * std::polar(1.0, -2 * M_PI * static_cast<double>(i * k % n) / n);
      const auto got = y[b * bins + k];
      worst = std::max(worst, std::abs(std::complex<double>(got.re, got.im) - exact) / std::sqrt(energy));
    }
  }
  return worst;
}

}  // namespace cudenza::testing
