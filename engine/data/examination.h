/// One file looked at by itself: what it is, what is wrong with it, and what it is compared with others by.
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
  Fingerprint print;                                      ///< of sounds that are heard

  bool is_silent() const;
};

/// Never throws for what the file is or holds.
Examination examine_file(Media, const std::filesystem::path&);

}  // namespace cudenza
