/// Downloads official files with the curl program.
#pragma once
#include <filesystem>

#include "weights/manifest.h"

namespace cudenza {

/// Limits at which a transfer ends.
struct TransferLimits {
  int fewest_bytes_per_s = 10'000, slow_seconds = 30;  ///< ends if slower than this for so long
  int most_seconds = 4 * 3600;
  uint64_t most_bytes = uint64_t{1} << 30;  ///< for a file of unknown size
};

struct DownloadOptions {
  std::filesystem::path folder = ".";
  std::string base_url = {};  ///< a mirror: replaces the folder in the manifest's URL
  bool show_progress = false;
  TransferLimits limits = {};
};

/// Downloads an official file into a folder, checks its size and the known digits of its SHA-256, and returns its path. An
/// existing file is checked and kept. An interrupted or slow transfer leaves "FILE.part", and the next call continues from there.
/// Only https, unless `base_url` says http. Throws DataError with the reason: no network, no such file, a broken, slow or endless
/// transfer, a wrong file, no curl.
std::filesystem::path download(const OfficialWeights&, const DownloadOptions&);

}  // namespace cudenza
