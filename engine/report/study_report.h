/// The study's table reproduced: each network's accuracy and macro F1 beside the study's own figure, on one page.
#pragma once
#include <filesystem>
#include <vector>

#include "engine/report/study_row.h"

namespace cudenza {

/// OUT/study.csv, OUT/plots/study.svg (with gnuplot) and OUT/report.html.
void write_study_report(const std::filesystem::path& out, const std::vector<StudyRow>&);

}  // namespace cudenza
