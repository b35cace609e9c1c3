/// Official files from the network, by the curl program.
#pragma once
#include <filesystem>

#include "weights/manifest.h"

namespace cudenza {

struct DownloadOptions {
  std::filesystem::path folder = ".";
  std::string base_url = {};  ///< takes the place of the folder in the manifest's URL: a mirror
  bool show_progress = false;
};

/// Brings an official file into a folder, checks its size and SHA-256, and returns its path. What is there already is checked
/// and kept; a transfer that broke off leaves "FILE.part", and the next call goes on from there. Throws DataError saying what
/// went wrong: no network, no such file, a broken transfer, another file than promised, no curl.
std::filesystem::path download(const OfficialWeights&, const DownloadOptions&);

}  // namespace cudenza
