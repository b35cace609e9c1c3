/// A whole file as text, for tests that look at what was written.
#pragma once
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace cudenza::testing {

/// Every byte of the file; empty if there is none.
inline std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace cudenza::testing
