/// A synthetic data set of ten genres that differ in rhythm, timbre and harmony, not in loudness or mean spectrum.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace cudenza {

constexpr int kSynthRate = 22050;  ///< Hz, mono, like GTZAN

/// blues, classical, country, disco, hiphop, jazz, metal, pop, reggae, rock.
std::span<const std::string_view> synth_genres();

/// Throws UsageError unless the clip length is allowed: 0.5 to 3600 seconds.
void check_synth_seconds(double seconds);

/// Clip `index` of a genre, a function of its arguments only. 16-bit PCM at kSynthRate, kSynthRate * seconds samples, rounded.
/// Throws UsageError for an unknown genre, and like check_synth_seconds().
std::vector<int16_t> synth_clip(uint64_t seed, int genre, int index, double seconds);

}  // namespace cudenza
