/// Loudness of a sound, per channel and mixed, measured block by block while it is read.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace cudenza {

struct Loudness {
  int64_t samples = 0, non_finite = 0, clipped = 0;  ///< over all channels; clipped: at or beyond full scale
  float peak = 0, mono_peak = 0;                     ///< largest magnitude of any channel, and of the mix
  double energy = 0, mono_energy = 0;                ///< sums of squares: mean over channels, and of the mix

  /// `block` is [frames, channels], `mono` [frames] its mix, full scale 1. NaN and infinite samples count as 0.
  void add(std::span<const float> block, std::span<const float> mono);

  bool is_silent() const;    ///< the mix never exceeds -60 dBFS
  bool cancels_out() const;  ///< the channels have sound, but their mix has almost none
  bool is_far_beyond_full_scale() const;
  /// Warnings: "is silent: …".
  std::vector<std::string> remarks() const;
};

/// False for NaN and infinity.
inline bool is_number(float x) { return std::abs(x) <= std::numeric_limits<float>::max(); }

}  // namespace cudenza
