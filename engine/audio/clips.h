/// Many sound files, decoded in parallel. One that is bad never ends the work: it comes with the reason instead of samples.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/audio/pcm_cache.h"

namespace cudenza {

struct Clip {
  std::filesystem::path path;
  std::vector<int16_t> pcm;          ///< mono, at the rate asked for; empty if the file is bad
  std::string error;                 ///< file and reason; empty if it is good
  std::vector<std::string> remarks;  ///< file and what deserves a warning in it, good as it is

  bool usable() const { return error.empty(); }
};

struct LoadClipsOptions {
  int threads = 0;            ///< 0: one a core
  int ahead = 0;              ///< clips that may wait, decoded, for the caller; 0: two a thread
  PcmCache* cache = nullptr;  ///< null: decode always
};

/// Decodes the files on other threads and hands them to `take` on this one, in order, while the next are being decoded: never
/// more than threads + ahead clips are in memory besides the one taken. If `take` throws, the work ends and the exception goes
/// on.
void for_each_clip(std::span<const std::filesystem::path> paths, int rate, const LoadClipsOptions&,
                   const std::function<void(size_t index, Clip&&)>& take);

struct LoadCallbacks {
  std::function<void(const Clip&)> on_error;                   ///< a clip that is bad, as it turns up
  std::function<void(size_t done, size_t total)> on_progress;  ///< after each clip
};

/// All of them, in order. Both callbacks are called on this thread; either may be empty.
std::vector<Clip> load_clips(std::span<const std::filesystem::path> paths, int rate, const LoadClipsOptions& = {},
                             const LoadCallbacks& = {});

}  // namespace cudenza
