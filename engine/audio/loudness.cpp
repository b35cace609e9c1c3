#include "engine/audio/loudness.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/error.h"

namespace cudenza {
namespace {

constexpr float kFullScale = 32767.0f / 32768;  // the largest sample of 16 bits
constexpr float kSilentPeak = 1e-3f;            // -60 dBFS
constexpr double kCancelled = 1e-4;             // of the energy is left: -40 dB
constexpr float kFarBeyond = 4;                 // times full scale; what encoders of loud music add stays below

std::string level_of(float peak) {
  return peak > 0 ? fmt::format("never gets above {:.0f} dBFS", 20 * std::log10(peak)) : "is all zero";
}

}  // namespace

bool is_number(float x) { return std::abs(x) <= std::numeric_limits<float>::max(); }

void Loudness::add(std::span<const float> block, std::span<const float> mono) {
  int64_t bad = 0, loud = 0;
  float most = 0, most_mono = 0;
  double sum = 0, sum_mono = 0;
#pragma omp simd reduction(+ : bad, loud, sum) reduction(max : most)
  for (size_t i = 0; i < block.size(); ++i) {
    const float size = std::abs(block[i]), x = is_number(size) ? size : 0.0f;
    bad += !is_number(size);
    loud += size >= kFullScale;
    most = std::max(most, x);
    sum += double{x} * x;
  }
#pragma omp simd reduction(+ : sum_mono) reduction(max : most_mono)
  for (size_t i = 0; i < mono.size(); ++i) {
    const float x = is_number(mono[i]) ? std::abs(mono[i]) : 0.0f;
    most_mono = std::max(most_mono, x);
    sum_mono += double{x} * x;
  }
  samples += static_cast<int64_t>(block.size());
  non_finite += bad;
  clipped += loud;
  peak = std::max(peak, most);
  mono_peak = std::max(mono_peak, most_mono);
  energy += mono.empty() ? 0 : sum * static_cast<double>(mono.size()) / static_cast<double>(block.size());
  mono_energy += sum_mono;
}

bool Loudness::is_silent() const { return mono_peak <= kSilentPeak; }

bool Loudness::cancels_out() const { return peak > 10 * kSilentPeak && mono_energy <= kCancelled * energy; }

bool Loudness::is_far_beyond_full_scale() const { return peak > kFarBeyond; }

std::vector<std::string> Loudness::remarks() const {
  std::vector<std::string> all;
  if (samples == 0) return all;
  if (cancels_out())
    all.push_back(fmt::format("{} when its channels are mixed: they cancel each other out; take one channel of it",
                              is_silent() ? level_of(mono_peak) : "is next to silent"));
  else if (is_silent()) all.push_back(fmt::format("is silent: it {}", level_of(mono_peak)));
  if (is_far_beyond_full_scale())
    all.push_back(
        fmt::format("holds samples up to {:.0f} times full scale, and what is beyond is clipped; scale it to -1 to 1", peak));
  return all;
}

}  // namespace cudenza
