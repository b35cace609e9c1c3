/// Small files for tests of data sets.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/dataset.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/source_tree.h"

namespace cudenza::testing {

inline std::filesystem::path operator/(const ScratchFolder& folder, std::string_view name) { return folder.path() / name; }

/// Makes a file, and the folders above it.
inline void write_file(const std::filesystem::path& path, std::string_view content = "") {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
}

/// What `f` throws as an E, in words; "nothing" if it throws nothing.
template <class E, class F> std::string error_of(F&& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  return "nothing";
}

inline bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The real data that may lie beside a checkout; empty where there is none.
inline std::filesystem::path shared_data() {
  const std::filesystem::path path = std::filesystem::path(source_root()) / "../shared/data";
  return source_root().empty() || !std::filesystem::exists(path) ? std::filesystem::path() : path;
}

/// A data set of files that need not be there, labelled by their first folder.
inline Dataset dataset_of(const std::vector<std::string>& classes, const std::vector<std::string>& paths) {
  Dataset data;
  data.classes = classes;
  for (const std::string& path : paths) {
    const auto label = std::find(classes.begin(), classes.end(), path.substr(0, path.find('/'))) - classes.begin();
    data.items.push_back({path, static_cast<int>(label), ""});
  }
  return data;
}

}  // namespace cudenza::testing
