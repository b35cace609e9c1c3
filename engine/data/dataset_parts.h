/// Parts of data set readers, shared by folders and lists.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/dataset.h"

namespace cudenza {

constexpr std::string_view kDatasetRemedy =
    "give a folder with one sub-folder a class, or a CSV with the columns path,label[,split][,track]";

/// A file that may become an item, and where it was named.
struct Candidate {
  std::string path, label, split, track, source;
};

/// Makes items, classes, media and splits from the files found. `what` names the data set in errors.
void fill_dataset(Dataset&, std::vector<Candidate> found, const std::string& what);

/// ASCII letters in lower case.
std::string in_lower_case(std::string);

/// "train", "valid" or "test" for the usual words for them, "" for an empty one; nullopt for any other word.
std::optional<std::string> split_named(std::string_view word);

}  // namespace cudenza
