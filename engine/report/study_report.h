/// The study's table reproduced: each network's accuracy beside the study's own, on one page.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/run/metrics.h"

namespace cudenza {

/// One line of the table: a network with a recipe on a split, over one or more seeds.
struct StudyRow {
  std::string network;  ///< "ResNet50"
  std::string split;    ///< "random", "fault-filtered"
  std::string recipe;   ///< "fine-tune", "+ mixup + augmentation + TTA"
  std::string weights;  ///< the file that training started from; empty: from scratch
  struct Run {
    uint64_t seed = 0;
    Proportion correct;
    double seconds = 0;
  };
  std::vector<Run> runs;
  std::optional<Proportion> study;  ///< the study's own figure

  double mean_accuracy() const;
  /// Wilson's interval of the mean accuracy, with the clips of one run: all seeds evaluate the same kind of clips, so more seeds
  /// do not give more of them.
  Interval interval() const;
};

/// OUT/study.csv, OUT/plots/study.svg (with gnuplot) and OUT/report.html.
void write_study_report(const std::filesystem::path& out, const std::vector<StudyRow>&);

}  // namespace cudenza
