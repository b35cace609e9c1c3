/// What a file came to, as a text that one process can send to another.
#pragma once
#include <optional>
#include <string>

#include "apps/study/prediction.h"

namespace cudenza {

/// Of one file: what is heard in it, or why it cannot be used. Both are nothing for a process that had no file.
struct Heard {
  std::optional<Prediction> prediction = {};
  std::string error = {};
};

std::string packed(const Heard&);
/// `classes` are the model's.
Heard unpacked(const std::string& text, const std::vector<std::string>& classes);

}  // namespace cudenza
