/// Pictures of a run's numbers as SVG, drawn by gnuplot: run as a program, where it is installed. One style for all, told apart
/// by marks and lightness as well as by colour.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace cudenza {

struct Plot {
  std::string name;   ///< plots/<name>.svg
  std::string title;  ///< a line
  std::string alt;    ///< what it shows, for those who cannot see it
  std::string svg;
};

struct Plots {
  std::vector<Plot> drawn;
  std::string trouble;  ///< what kept others from being drawn; else empty

  const Plot* find(std::string_view name) const;
};

/// Draws what the run's files have numbers for into RUN/plots: loss, accuracy, schedule, steps, recall, confusion, reliability,
/// lr_find.
Plots write_plots(const std::filesystem::path& run);
/// lr_find alone, of a folder that holds no run but lr_find.csv.
Plots write_lr_plot(const std::filesystem::path& folder);

}  // namespace cudenza
