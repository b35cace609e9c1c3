/// Files that are nothing but numbers.
#pragma once
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

namespace cudenza::testing {

template <class T> std::vector<T> read_raw(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  std::error_code missing;
  const auto bytes = std::filesystem::file_size(path, missing);
  std::vector<T> values(missing ? 0 : bytes / sizeof(T));
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
  return values;
}

}  // namespace cudenza::testing
