#include "engine/train/plots_gnuplot.h"

#include <cmath>

namespace cudenza {

std::string gnuplot_colour_number(int colour, double share) {
  return fmt::format("0x{:02x}{:06x}", static_cast<int>(std::lround(255 * (1 - share))), colour);
}

std::string gnuplot_colour(int colour, double share) { return "'#" + gnuplot_colour_number(colour, share).substr(2) + '\''; }

GnuplotScript::GnuplotScript(const Size& size) {
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

std::string why_no_plots() {
  const std::string reason = why_no_gnuplot();
  return reason.empty() ? "" : reason + " and run `cudenza report` again.";
}

std::string drawn(const GnuplotScript& script) {
  std::string svg = run_gnuplot(script.text());
  if (svg.find("</svg>") == std::string::npos) throw GnuplotError("gnuplot drew no whole plot");
  return svg;
}

}  // namespace cudenza
