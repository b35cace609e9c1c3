/// A run's numbers as SVG plots, drawn by the program gnuplot if it is installed. All plots share one style; marks and lightness
/// distinguish series as well as colour.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace cudenza {

struct Plot {
  std::string name;   ///< `plots/<name>.svg`
  std::string title;  ///< one line
  std::string alt;    ///< description for those who cannot see it
  std::string svg;
};

struct Plots {
  std::vector<Plot> drawn;
  std::string trouble;  ///< why some plots could not be drawn; else empty

  const Plot* find(std::string_view name) const;
};

/// Draws into RUN/plots all plots that the run's files have data for: loss, accuracy, schedule, steps, recall, confusion,
/// reliability, lr_find.
Plots write_plots(const std::filesystem::path& run);
/// Only lr_find, for a folder that holds just lr_find.csv.
Plots write_lr_plot(const std::filesystem::path& folder);

}  // namespace cudenza
