/// Pictures of numbers as SVG, drawn by gnuplot: run as a program, where it is installed. One style for all, told apart by
/// lightness and marks as well as by colour.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "engine/train/run_files.h"

namespace cudenza {

/// Empty if gnuplot can be run; else one sentence that says why not and what to install.
std::string why_no_plots();

struct Plot {
  std::string name;   ///< plots/<name>.svg
  std::string title;  ///< a line
  std::string alt;    ///< what it shows, for those who cannot see it
};

/// Draws what the run's files have numbers for into RUN/plots: loss, accuracy, schedule, confusion, recall, reliability,
/// lr_find. Returns those drawn; none without gnuplot.
std::vector<Plot> write_plots(const std::filesystem::path& run);

}  // namespace cudenza
