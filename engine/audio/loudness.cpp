#include "engine/audio/loudness.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"

namespace cudenza {
namespace {

constexpr float kFullScale = 32767.0f / 32768;  // the largest sample of 16 bits
constexpr float kSilentPeak = 1e-3f;            // -60 dBFS
constexpr double kCancelled = 1e-4;             // share of the energy that is left: -40 dB
constexpr float kFarBeyond = 4;                 // times full scale; the overshoot of encoders in loud music stays below

struct Level {
  int64_t non_finite = 0, clipped = 0;
  float peak = 0;
  double energy = 0;
};

Level level_of(std::span<const float> x) {
  int64_t bad = 0, loud = 0;
  float most = 0, sum = 0;
#pragma omp simd reduction(+ : bad, loud, sum) reduction(max : most)
  for (size_t i = 0; i < x.size(); ++i) {
    const float size = std::abs(x[i]), number = is_number(size) ? size : 0.0f;
    bad += !is_number(size);
    loud += size >= kFullScale;
    most = std::max(most, number);
    sum += number * number;  // the sum of a block's squares fits in a float
  }
  return {.non_finite = bad, .clipped = loud, .peak = most, .energy = sum};
}

std::string words_for(float peak) {
  return peak > 0 ? fmt::format("never gets above {:.0f} dBFS", 20 * std::log10(peak)) : "is all zero";
}

}  // namespace

void Loudness::add(std::span<const float> block, std::span<const float> mono) {
  const Level all = level_of(block), mixed = block.size() == mono.size() ? all : level_of(mono);
  samples += static_cast<int64_t>(block.size());
  non_finite += all.non_finite;
  clipped += all.clipped;
  peak = std::max(peak, all.peak);
  mono_peak = std::max(mono_peak, mixed.peak);
  energy += block.empty() ? 0 : all.energy * static_cast<double>(mono.size()) / static_cast<double>(block.size());
  mono_energy += mixed.energy;
}

bool Loudness::is_silent() const { return mono_peak <= kSilentPeak; }

bool Loudness::cancels_out() const { return peak > 10 * kSilentPeak && mono_energy <= kCancelled * energy; }

bool Loudness::is_far_beyond_full_scale() const { return peak > kFarBeyond; }

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
