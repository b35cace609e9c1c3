/// gnuplot for the plots: one style for all, SVG output.
#pragma once
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "engine/io/gnuplot.h"

namespace cudenza {

/// Colours of all plots. The report maps them to named page colours, so that they follow the reader's light or dark theme. Blue
/// and vermilion are from Okabe and Ito's palette: distinct under all common colour blindness.
struct PlotColours {
  static constexpr int ink = 0x24292f, soft = 0x6e7781, line = 0xd8dee4, paper = 0xffffff;
  static constexpr int blue = 0x0072b2, vermilion = 0xd55e00, on_fill = 0xfefefe;
};

/// A colour in gnuplot's form with opacity `share` in [0, 1]: '#aarrggbb' with 00 opaque.
std::string gnuplot_colour(int colour, double share = 1);
/// The same as a number, for `lc rgb variable`.
std::string gnuplot_colour_number(int colour, double share = 1);

/// A script that begins with the style of all plots.
class GnuplotScript {
 public:
  struct Size {
    int width = 480, height = 320;
    double font = 15;
  };
  explicit GnuplotScript(const Size&);
  GnuplotScript() : GnuplotScript(Size{}) {}

  template <class... Args> GnuplotScript& line(fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format(format, std::forward<Args>(args)...) + '\n';
    return *this;
  }
  /// Rows of a data block that `plot $name` reads; a NaN leaves a gap.
  GnuplotScript& data(std::string_view name, std::string_view rows) { return line("${} << END\n{}END", name, rows); }

  /// Names at 0, 1, 2, … left of the y axis, within `room` pixels: longer ones are cut and end in "…". They are labels, since
  /// gnuplot would take a % in a tic name for a format.
  GnuplotScript& names_left(const std::vector<std::string>& names, double room);
  /// The same, slanted, below the x axis.
  GnuplotScript& names_below(const std::vector<std::string>& names, double room);
  /// Pixels that names_left() needs to show all names in full.
  double room_for(const std::vector<std::string>& names) const;

  const std::string& text() const { return text_; }

 private:
  enum class Axis { x, y };
  GnuplotScript& name_axis(Axis, const std::vector<std::string>& names, double room);
  double letter() const { return 0.58 * size_.font; }  // pixels, on average

  Size size_;
  std::string text_;
};

/// Empty if gnuplot can be run; else one sentence on what to install.
std::string why_no_plots();
/// The SVG that the script draws. Throws GnuplotError with gnuplot's message on failure.
std::string drawn(const GnuplotScript&);

}  // namespace cudenza
