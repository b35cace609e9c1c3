/// Writes the synthetic data set to disk.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>

namespace cudenza {

struct SynthOptions {
  int clips = 100;  ///< per genre
  double seconds = 30;
  uint64_t seed = 42;
};

/// Writes `OUT/<genre>/<genre>.00000.wav` … in parallel. Clips from an earlier call with the same seed and seconds stay; nothing
/// is replaced, since real collections use such names too. `on_clip` is called after each clip, one call at a time, from any
/// thread. Throws UsageError if OUT holds anything else (so that data sets never mix), and DataError if a file cannot be
/// written.
void write_synth_folder(const std::filesystem::path& out, const SynthOptions&,
                        const std::function<void(int64_t done, int64_t total)>& on_clip = {});

}  // namespace cudenza
