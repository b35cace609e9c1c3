/// Real transforms called as tests like it, and how far they are from each other.
#pragma once
#include <cmath>
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
      kernels::make_fft_plan(n / 2, std::is_same_v<Where, kernels::Gpu> ? kernels::FftRadix::gpu : kernels::FftRadix::cpu);
  const auto twiddles = kernels::fft_twiddles<T>(plan), split = kernels::split_twiddles<T>(n);
  const auto order = kernels::fft_order(plan);
  const int64_t batch = static_cast<int64_t>(x.size()) / n;
  std::vector<kernels::Complex<T>> y(static_cast<size_t>(batch * (n / 2 + 1)));
  kernels::rfft_forward(where, kernels::RealFft<T>{n, plan, twiddles.data(), split.data(), order.data()}, x.data(), y.data(),
                        batch);
  return y;
}

/// The largest error of any coefficient against `exact`, relative to the root mean square of its frame's spectrum.
template <class T>
double worst_error(const std::vector<kernels::Complex<T>>& y, const std::vector<kernels::Complex<double>>& exact, int n) {
  const size_t bins = static_cast<size_t>(n) / 2 + 1;
  double worst = 0;
  for (size_t first = 0; first < y.size(); first += bins) {
    double energy = 0, error = 0;
    for (size_t k = first; k < first + bins; ++k) {
      const bool paired = k > first && k < first + bins - 1;  // stands for its conjugate too
      energy += (paired ? 2 : 1) * kernels::squared(exact[k]) / n;
      error = std::max(error, std::hypot(y[k].re - exact[k].re, y[k].im - exact[k].im));
    }
    worst = std::max(worst, error / std::sqrt(energy));
  }
  return worst;
}

}  // namespace cudenza::testing
