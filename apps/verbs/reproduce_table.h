/// The table of `cudenza reproduce`, for people and for programs.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/report/study_row.h"

namespace cudenza {

/// A line a row: mean over the seeds ± deviation and interval of accuracy and macro F1, and the study's figure; then which
/// splits leak, and what stress does.
std::string text_of(const std::vector<StudyRow>&);
/// One object a row, with its runs.
nlohmann::ordered_json json_of(const std::vector<StudyRow>&);

}  // namespace cudenza
