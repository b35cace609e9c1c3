/// The sound files that a user names.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "apps/study/observer.h"

namespace cudenza {

struct SoundInput {
  std::filesystem::path path;
  std::string name;  ///< the file's name without its ending; where two have the same, with as many folders as tell them apart
};

/// Files, folders (files_in_folder()) and CSV lists `path,label[,split]`, in the order of the arguments, a folder's files
/// sorted; each file once. A file named outright is taken whatever its ending, and though it may not be there: whoever opens it
/// will say so. Throws DataError for a folder without sounds and a bad CSV; with `strict` for a nested folder that cannot be
/// read too.
std::vector<SoundInput> find_sounds(const std::vector<std::string>& arguments, bool strict, Observer&);

}  // namespace cudenza
