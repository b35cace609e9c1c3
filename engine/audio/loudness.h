/// Loudness of a sound, per channel and mixed, measured block by block while it is read.
#pragma once
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cudenza {

struct Loudness {
  int64_t samples = 0, non_finite = 0, clipped = 0;  ///< over all channels; clipped: at or beyond full scale
  float peak = 0, mono_peak = 0;                     ///< largest magnitude of any channel, and of the mix
  double energy = 0, mono_energy = 0;                ///< sums of squares: mean over channels, and of the mix

  /// `block` is [frames, channels], `mono` [frames] its mix, full scale 1. What is no number (is_number()) counts as 0.
  void add(std::span<const float> block, std::span<const float> mono);

  bool is_silent() const;    ///< the mix never exceeds -60 dBFS
  bool cancels_out() const;  ///< the channels have sound, but their mix has almost none
  bool is_far_beyond_full_scale() const;
  /// Warnings: "is silent: …".
  std::vector<std::string> remarks() const;
};

/// Beyond this, spectra in f32 would become infinite. No format's range comes near: 32-bit integers kept as floats reach 2e9.
constexpr float kLargestSample = 1e12f;

/// False for NaN, infinity and anything beyond kLargestSample.
inline bool is_number(float x) { return std::abs(x) <= kLargestSample; }

}  // namespace cudenza
