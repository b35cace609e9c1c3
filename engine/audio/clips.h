/// Many sound files, decoded in parallel. A bad file does not stop the work: its clip holds the reason instead of samples.
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
  Tensor pcm;                        ///< [samples] at the requested rate, i16 or f32 (pcm.h); undefined if the file is bad
  std::string error;                 ///< file and reason; empty if the file is good
  std::vector<std::string> remarks;  ///< warnings about a good file, each with the file's name

  bool usable() const { return error.empty(); }
};

struct LoadClipsOptions {
  int threads = 0;            ///< 0: one per core
  int ahead = 0;              ///< decoded clips that may wait for the caller; 0: two per thread
  PcmCache* cache = nullptr;  ///< null: always decode
};

/// Decodes the files on other threads and passes them to `take` on this one, in order, while the next are decoded. At most
/// threads + ahead clips are in memory besides the one taken. If `take` throws, the work ends and the exception propagates.
void for_each_clip(std::span<const std::filesystem::path> paths, int rate, const LoadClipsOptions&,
                   const std::function<void(size_t index, Clip&&)>& take);

struct LoadCallbacks {
  std::function<void(const Clip&)> on_error;                   ///< after each bad clip
  std::function<void(size_t done, size_t total)> on_progress;  ///< after each clip
};

/// All clips, in order. Callbacks run on this thread; either may be empty.
std::vector<Clip> load_clips(std::span<const std::filesystem::path> paths, int rate, const LoadClipsOptions& = {},
                             const LoadCallbacks& = {});

}  // namespace cudenza
