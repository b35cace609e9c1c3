/// The synthetic data set on the disk.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>

namespace cudenza {

struct SynthOptions {
  int clips = 100;  ///< of each genre
  double seconds = 30;
  uint64_t seed = 42;
};

/// Writes OUT/<genre>/<genre>.00000.wav … in parallel, one a clip. Those of an earlier call with the same seed and seconds stay
/// as they are; nothing is replaced, since real collections name their files so too. `on_clip` is called after each, one at a
/// time, from any thread. Throws UsageError if OUT holds anything else (so that a data set is never a mixture of two), and
/// DataError if a file cannot be written.
void write_synth_folder(const std::filesystem::path& out, const SynthOptions&,
                        const std::function<void(int64_t done, int64_t total)>& on_clip = {});

}  // namespace cudenza
