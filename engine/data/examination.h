/// Examines one file: its facts, its problems, and the data to compare it with others.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/content_hash.h"
#include "engine/data/doctor.h"
#include "engine/data/fingerprint.h"

namespace cudenza {

struct Examination {
  FileFacts facts;
  std::vector<std::pair<Problem, std::string>> problems;  ///< each with its reason
  std::optional<ContentHash> bytes, samples;              ///< of the file; of its samples or pixels
  Fingerprint print;                                      ///< of sounds that are not silent

  bool is_silent() const;
};

/// Never throws for what the file is or holds.
Examination examine_file(Media, const std::filesystem::path&);

}  // namespace cudenza
