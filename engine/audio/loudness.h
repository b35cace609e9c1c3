/// How loud a sound is, channel by channel and mixed, gathered block by block while it is read.
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
  float peak = 0, mono_peak = 0;                     ///< largest magnitude of any channel, and of the mixture
  double energy = 0, mono_energy = 0;                ///< sums of squares: the mean over channels, and of the mixture

  /// `block` is [frames, channels] and `mono` [frames] its mixture, full scale 1. Samples that are no numbers count as 0.
  void add(std::span<const float> block, std::span<const float> mono);

  bool is_silent() const;    ///< never louder than -60 dBFS when mixed
  bool cancels_out() const;  ///< the channels are there, but next to nothing is left when they are mixed
  bool is_far_beyond_full_scale() const;
  /// What deserves a warning: "is silent: …".
  std::vector<std::string> remarks() const;
};

/// Whether a sample is a number: neither NaN nor infinite.
inline bool is_number(float x) { return std::abs(x) <= std::numeric_limits<float>::max(); }

}  // namespace cudenza
