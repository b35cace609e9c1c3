/// What a reader of a container finds in a file.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "weights/state_dict.h"

namespace cudenza {

/// What a file says of the weights in it; empty where it says nothing.
struct SourceFacts {
  std::string license, origin;

  /// Takes over a value of the file's metadata if its key names a licence or an origin ("license", "source", "author", "url",
  /// "modelspec.author" …): as one line of valid UTF-8, not too long. Several origins are joined by semicolons.
  void note(std::string_view key, std::string_view value);
};

struct WeightContent {
  std::vector<StateDict> state_dicts = {};
  SourceFacts facts = {};
};

}  // namespace cudenza
