/// Loudness of a sound, per channel and mixed, measured block by block while it is read.
#pragma once
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cudenza {

struct Loudness {
  int64_t samples = 0, non_finite = 0;    ///< over all channels
  int64_t at_full_scale = 0, beyond = 0;  ///< from the largest sample of 16 bits to 1; larger than 1
  int64_t at_peak = 0;                    ///< as large as `peak`, where that is larger than 1
  double peak = 0, mono_peak = 0;         ///< largest magnitude of any channel, and of the mix
  double energy = 0, mono_energy = 0;     ///< sums of squares: mean over channels, and of the mix

  /// `block` is [frames, channels], `mono` [frames] its mix, full scale 1. What is no number (is_number()) counts as 0.
  void add(std::span<const double> block, std::span<const double> mono);

  bool is_silent() const;    ///< the mix never exceeds -60 dBFS
  bool cancels_out() const;  ///< the channels have sound, but their mix has almost none
  bool is_far_beyond_full_scale() const;
  /// Share of the samples that clipping has cut off. Integers are cut at full scale, and lossy formats move what was cut there a
  /// little up and down. Samples kept as floats may be larger than 1 unharmed: they were cut if many are exactly as large as the
  /// largest.
  double clipped_fraction(bool kept_as_floats) const;
  /// The level where they were cut off: 1, or `peak`.
  double clipped_at(bool kept_as_floats) const;
  /// Warnings: "is silent: …".
  std::vector<std::string> remarks() const;
};

/// Beyond this, spectra in f32 would become infinite. No format's range comes near: 32-bit integers kept as floats reach 2e9.
constexpr double kLargestSample = 1e12;

/// False for NaN, infinity and anything beyond kLargestSample.
inline bool is_number(double x) { return std::abs(x) <= kLargestSample; }

}  // namespace cudenza
