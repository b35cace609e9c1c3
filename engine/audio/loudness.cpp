#include "engine/audio/loudness.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"

namespace cudenza {
namespace {

constexpr double kFullScale = 32767.0 / 32768;  // the largest sample of 16 bits
constexpr double kSilentPeak = 1e-3f;           // -60 dBFS, and the float that is next to it
constexpr double kCancelled = 1e-4;             // share of the energy that is left: -40 dB
constexpr double kFarBeyond = 4;                // times full scale; the overshoot of encoders in loud music stays below
constexpr double kAsLarge = 1 - 1e-6;           // of equal samples, when their rounding differs

struct Level {
  int64_t non_finite = 0, at_full_scale = 0, beyond = 0;
  double peak = 0, energy = 0;
};

Level level_of(std::span<const double> x) {
  int64_t bad = 0, loud = 0, beyond = 0;
  double most = 0, sum = 0;
#pragma omp simd reduction(+ : bad, loud, beyond, sum) reduction(max : most)
  for (size_t i = 0; i < x.size(); ++i) {
    const double size = std::abs(x[i]), number = is_number(size) ? size : 0.0;
    bad += !is_number(size);
    loud += size >= kFullScale;
    beyond += size > 1;
    most = std::max(most, number);
    sum += number * number;
  }
  return {.non_finite = bad, .at_full_scale = loud - beyond, .beyond = beyond, .peak = most, .energy = sum};
}

std::string words_for(double peak) {
  return peak > 0 ? fmt::format("never gets above {:.0f} dBFS", 20 * std::log10(peak)) : "is all zero";
}

}  // namespace

void Loudness::add(std::span<const double> block, std::span<const double> mono) {
  const Level all = level_of(block), mixed = block.size() == mono.size() ? all : level_of(mono);
  samples += static_cast<int64_t>(block.size());
  non_finite += all.non_finite;
  at_full_scale += all.at_full_scale;
  beyond += all.beyond;
  if (all.peak * kAsLarge > peak) at_peak = 0;
  peak = std::max(peak, all.peak);
  if (peak > 1 && all.peak >= peak * kAsLarge)
    at_peak += std::ranges::count_if(
        block, [&](double size) { return size >= peak * kAsLarge && is_number(size); }, [](double x) { return std::abs(x); });
  mono_peak = std::max(mono_peak, mixed.peak);
  energy += block.empty() ? 0 : all.energy * static_cast<double>(mono.size()) / static_cast<double>(block.size());
  mono_energy += mixed.energy;
}

bool Loudness::is_silent() const { return mono_peak <= kSilentPeak; }

bool Loudness::cancels_out() const { return energy > 0 && mono_energy <= kCancelled * energy; }

bool Loudness::is_far_beyond_full_scale() const { return peak > kFarBeyond; }

double Loudness::clipped_fraction(bool kept_as_floats) const {
  const int64_t cut = !kept_as_floats ? at_full_scale + beyond : clipped_at(kept_as_floats) > 1 ? at_peak : at_full_scale;
  return static_cast<double>(cut) / static_cast<double>(std::max<int64_t>(samples, 1));
}

double Loudness::clipped_at(bool kept_as_floats) const { return kept_as_floats ? std::max(peak, 1.0) : 1; }

std::vector<std::string> Loudness::remarks() const {
  std::vector<std::string> all;
  if (samples == 0) return all;
  if (cancels_out())
    all.push_back(fmt::format("{} when its channels are mixed: they cancel each other out; take one channel of it",
                              is_silent() ? words_for(mono_peak) : "is next to silent"));
  else if (is_silent()) all.push_back(fmt::format("is silent: it {}", words_for(mono_peak)));
  if (is_far_beyond_full_scale())
    all.push_back(fmt::format("holds samples up to {:.0f} times full scale: its range is another; scale it to -1 to 1", peak));
  return all;
}

}  // namespace cudenza
