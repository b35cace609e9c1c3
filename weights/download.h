/// Official files from the network, by the curl program.
#pragma once
#include <filesystem>

#include "weights/manifest.h"

namespace cudenza {

/// Where a transfer ends that brings nothing, too little or too much.
struct TransferLimits {
  int fewest_bytes_per_s = 10'000, slow_seconds = 30;  ///< slower than this for so long
  int most_seconds = 4 * 3600;
  uint64_t most_bytes = uint64_t{1} << 30;  ///< of a file whose size is not known
};

struct DownloadOptions {
  std::filesystem::path folder = ".";
  std::string base_url = {};  ///< takes the place of the folder in the manifest's URL: a mirror
  bool show_progress = false;
  TransferLimits limits = {};
};

/// Brings an official file into a folder, checks its size and as much of its SHA-256 as is known, and returns its path. What is
/// there already is checked and kept; a transfer that broke off or became too slow leaves "FILE.part", and the next call goes on
/// from there. By https alone, unless `base_url` says http. Throws DataError saying what went wrong: no network, no such file, a
/// broken, slow or endless transfer, another file than promised, no curl.
std::filesystem::path download(const OfficialWeights&, const DownloadOptions&);

}  // namespace cudenza
