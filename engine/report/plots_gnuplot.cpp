#include "engine/report/plots_gnuplot.h"

#include <algorithm>
#include <cmath>

#include "engine/core/text.h"

namespace cudenza {

std::string gnuplot_colour_number(int colour, double share) {
  return fmt::format("0x{:02x}{:06x}", static_cast<int>(std::lround(255 * (1 - share))), colour);
}

std::string gnuplot_colour(int colour, double share) { return "'#" + gnuplot_colour_number(colour, share).substr(2) + '\''; }

GnuplotScript::GnuplotScript(const Size& size) : size_(size) {
  using C = PlotColours;
  line("set terminal svg size {},{} dynamic noenhanced font 'sans-serif,{}' background rgb {}", size.width, size.height,
       size.font, gnuplot_colour(C::paper));
  line("set encoding utf8");
  line("set border 3 lc rgb {} lw 1", gnuplot_colour(C::soft));
  line("set tics nomirror scale 0.5 textcolor rgb {}", gnuplot_colour(C::ink));
  line("set grid ytics lc rgb {} lt 1 lw 1", gnuplot_colour(C::line));
  line("set key above left Left reverse samplen 2 textcolor rgb {}", gnuplot_colour(C::ink));
  line("set xlabel offset 0,0.5 textcolor rgb {0}\nset ylabel textcolor rgb {0}", gnuplot_colour(C::ink));
  line("set style fill solid noborder\nset datafile missing 'nan'");
}

namespace {
constexpr double kGap = 12;  // pixels between names and axis
}

double GnuplotScript::room_for(const std::vector<std::string>& names) const {
  size_t longest = 0;
  for (const std::string& name : names) longest = std::max(longest, columns_of(displayable(name)));
  return letter() * static_cast<double>(longest) + kGap;
}

GnuplotScript& GnuplotScript::name_axis(Axis axis, const std::vector<std::string>& names, double room) {
  const auto most = static_cast<size_t>(std::max(2.0, (room - kGap) / letter()));
  const bool is_x = axis == Axis::x;
  line("unset {}tics", is_x ? 'x' : 'y');
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) continue;
    line("set label {} at {} right {} textcolor rgb {}", gnuplot_text(shortened(names[i], most)),
         is_x ? fmt::format("first {}, graph 0", i) : fmt::format("graph 0, first {}", i),
         is_x ? "rotate by 45 offset character 0,-0.6" : "offset character -0.6,0", gnuplot_colour(PlotColours::ink));
  }
  return *this;
}

GnuplotScript& GnuplotScript::names_left(const std::vector<std::string>& names, double room) {
  return name_axis(Axis::y, names, room);
}

GnuplotScript& GnuplotScript::names_below(const std::vector<std::string>& names, double room) {
  return name_axis(Axis::x, names, room);
}

std::string why_no_plots() {
  const std::string reason = why_no_gnuplot();
  return reason.empty() ? "" : reason + "; then run `cudenza report` again.";
}

std::string drawn(const GnuplotScript& script) {
  std::string svg = run_gnuplot(script.text());
  if (svg.find("</svg>") == std::string::npos) throw GnuplotError("gnuplot drew no whole plot");
  return svg;
}

}  // namespace cudenza
