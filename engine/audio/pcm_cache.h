/// Cache of decoded sound on disk: a file decoded and resampled once is read from it the next time.
///
/// An entry is found by the file's content (a 128-bit hash of its bytes), the rate and the decoder's version. So moved and copied
/// files are found, and changed ones are not confused. A note of (path, size, modification time) -> hash saves reading a known
/// file. Entries are written whole and carry a checksum; a damaged one is made anew. The folder may be deleted at any time. Any
/// number of threads and processes may use it at once.
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

  /// hear(path, rate): the file's sound, mono at `rate` Hz, and its warnings. Throws DataError like hear(); a cache
  /// that cannot be written is no error (see write_error()).
  HeardSound load(const std::filesystem::path&, int rate);

  const std::filesystem::path& folder() const { return folder_; }

  /// What load() has done so far.
  struct Counts {
    int64_t hits = 0;     ///< read from the cache
    int64_t decoded = 0;  ///< missing or damaged
    int64_t damaged = 0;  ///< entries that could not be used
    int64_t hashed = 0;   ///< files read to hash their content
  };
  Counts counts() const;
  /// Reason of the last failed write; empty if none failed.
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
