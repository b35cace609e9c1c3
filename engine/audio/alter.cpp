#include "engine/audio/alter.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "engine/core/content_hash.h"
#include "engine/core/error.h"
#include "kernels/common/normal.h"
#include "kernels/common/philox.h"

namespace cudenza {

std::vector<float> with_gain(std::span<const float> x, double decibels) {
  const double gain = std::pow(10.0, decibels / 20);
  std::vector<float> y(x.size());
  std::ranges::transform(x, y.begin(), [gain](float sample) { return static_cast<float>(gain * static_cast<double>(sample)); });
  return y;
}

std::vector<double> low_pass_taps(double hz, int rate) {
  require(hz > 0 && rate > 0, "low_pass: {} Hz at a rate of {} Hz; both must be positive", hz, rate);
  constexpr double kStop = 80, kPi = std::numbers::pi;
  const double cut = hz / rate;
  if (cut >= 0.5) return {1};
  // Kaiser (1974): n - 1 = (A - 7.95) / (2.285 w) for a transition of w radians, beta = 0.1102 (A - 8.7) for A above 50.
  const double width = 0.1 * 2 * kPi * cut, beta = 0.1102 * (kStop - 8.7);
  const auto half = static_cast<int>(std::ceil((kStop - 7.95) / (2.285 * width) / 2));
  std::vector<double> taps;
  double sum = 0;
  for (int m = -half; m <= half; ++m) {
    const double place = static_cast<double>(m) / half;
    const double window = std::cyl_bessel_i(0, beta * std::sqrt(1 - place * place)) / std::cyl_bessel_i(0, beta);
    taps.push_back(window * (m == 0 ? 2 * cut : std::sin(2 * kPi * cut * m) / (kPi * m)));
    sum += taps.back();
  }
  for (double& tap : taps) tap /= sum;
  return taps;
}

std::vector<float> low_pass(std::span<const float> x, double hz, int rate) {
  constexpr size_t kBlock = 1024;  // its sums stay in the first-level cache
  const std::vector<double> taps = low_pass_taps(hz, rate);
  const size_t half = taps.size() / 2;
  std::vector<double> padded(x.size() + 2 * half);
  std::ranges::copy(x, padded.begin() + static_cast<ptrdiff_t>(half));
  std::vector<float> y(x.size());
  for (size_t begin = 0; begin < x.size(); begin += kBlock) {
    const size_t count = std::min(kBlock, x.size() - begin);
    double sums[kBlock] = {};
    for (size_t k = 0; k < taps.size(); ++k) {  // the taps are symmetric: their order does not matter
      const double tap = taps[k];
      const double* const from = padded.data() + begin + k;
#pragma omp simd
      for (size_t i = 0; i < count; ++i) sums[i] += tap * from[i];
    }
    for (size_t i = 0; i < count; ++i) y[begin + i] = static_cast<float>(sums[i]);
  }
  return y;
}

std::vector<float> with_white_noise(std::span<const float> x, double decibels, uint64_t seed) {
  double power = 0;
  for (const float sample : x) power += static_cast<double>(sample) * static_cast<double>(sample);
  if (!x.empty()) power /= static_cast<double>(x.size());
  const double deviation = std::sqrt(power / std::pow(10.0, decibels / 10));
  const kernels::RandomStream stream{.seed = seed ^ hash_of(std::as_bytes(x)).low, .op = 0, .step = nullptr};
  std::vector<float> y(x.size());
  for (size_t i = 0; i < x.size(); i += 4) {
    const kernels::Random4 words = kernels::random4(stream, i / 4);
    const kernels::NormalPair a = kernels::normal_pair(words.word[0], words.word[1]),
                              b = kernels::normal_pair(words.word[2], words.word[3]);
    const float normal[] = {a.first, a.second, b.first, b.second};
    for (size_t k = 0; k < std::min<size_t>(4, x.size() - i); ++k)
      y[i + k] = static_cast<float>(static_cast<double>(x[i + k]) + deviation * static_cast<double>(normal[k]));
  }
  return y;
}

}  // namespace cudenza
