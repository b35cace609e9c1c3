/// One line of the study's table: what a network comes to over several seeds.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/run/run_files.h"

namespace cudenza {

/// A network with a recipe on a split, over one or more seeds.
struct StudyRow {
  std::string network;      ///< "ResNet50"
  std::string split;        ///< "random", "fault-filtered"
  std::string recipe;       ///< "fine-tune", "+ mixup + augmentation + TTA"
  std::string weights;      ///< the file that training started from; empty: from scratch
  bool split_leaks = true;  ///< the clips were drawn at random
  struct Run {
    uint64_t seed = 0;
    Answers answers;
    double seconds = 0;
    std::vector<StressRow> stress = {};  ///< of sounds; the first is the clips as they are

    Proportion correct() const;
    Interval f1_interval() const;
  };
  std::vector<Run> runs;
  std::optional<Proportion> study;  ///< the study's own figure

  /// Mean over the seeds, and the standard deviation between them (divided by n - 1; NaN for one seed).
  struct OverSeeds {
    double mean = 0, deviation = 0;
  };
  OverSeeds accuracy() const;
  OverSeeds macro_f1() const;
  /// Wilson's interval of the mean accuracy, with the clips of one run: all seeds evaluate the same kind of clips, so more seeds
  /// do not give more of them.
  Interval interval() const;
  /// Of the mean macro F1, by drawing the tracks of all runs anew (macro_f1_interval()).
  Interval f1_interval() const;

  /// What a condition of the stress test does to the row. The first is the clips as they are.
  struct Stressed {
    std::string condition;
    double accuracy = 0, change = 0, answers_changed = 0;  ///< means over the runs that were put under it
  };
  std::vector<Stressed> stressed() const;
};

}  // namespace cudenza
