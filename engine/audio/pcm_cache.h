/// Decoded sound kept on the disk: what was decoded and resampled once is read the next time.
///
/// An entry is found by what the file holds (a 128-bit hash of its bytes), the rate, and the versions of the decoder; so moved
/// and copied files are known, changed ones are not mistaken. A note of (path, size, time of change) -> hash saves reading a
/// known file at all. Entries are written whole and carry a checksum; a damaged one is made anew. The folder may be deleted at
/// any time. Any number of threads and processes may use it at once.
#pragma once
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "engine/audio/decode.h"

namespace cudenza {

class PcmCache {
 public:
  explicit PcmCache(std::filesystem::path folder = default_folder());

  /// $CUDENZA_CACHE, else $XDG_CACHE_HOME/cudenza, else ~/.cache/cudenza.
  static std::filesystem::path default_folder();

  /// The file's sound, mono 16-bit PCM at `rate` Hz, and what deserves a warning in it: hear(path, rate). Throws DataError as
  /// that does; a cache that cannot be written is no error (see write_error()).
  HeardSound load(const std::filesystem::path&, int rate);

  const std::filesystem::path& folder() const { return folder_; }

  /// What load() has done so far.
  struct Counts {
    int64_t hits = 0;     ///< read from the cache
    int64_t decoded = 0;  ///< not there, or damaged
    int64_t damaged = 0;  ///< entries that were there and could not be used
    int64_t hashed = 0;   ///< files read to know what they hold
  };
  Counts counts() const;
  /// Why the last entry could not be kept; empty if all could.
  std::string write_error() const;

 private:
  std::string content_of(const std::filesystem::path&);
  void keep(const std::function<void()>& write);

  std::filesystem::path folder_;
  std::atomic<int64_t> hits_ = 0, decoded_ = 0, damaged_ = 0, hashed_ = 0;
  mutable std::mutex mutex_;
  std::string write_error_;
};

}  // namespace cudenza
