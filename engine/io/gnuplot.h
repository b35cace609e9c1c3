/// gnuplot, run as a program: a script goes in, what it draws comes out. It is not linked, and need not be there.
#pragma once
#include <stdexcept>
#include <string>
#include <string_view>

namespace cudenza {

struct GnuplotError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Empty if gnuplot can be run; else why not, without a full stop: "gnuplot was not found: install it (…)".
std::string why_no_gnuplot();

/// Runs a script, which may hold numbers as bytes too, without the user's start-up files. Returns what gnuplot wrote to its
/// output; throws GnuplotError with what it said if it failed.
std::string run_gnuplot(std::string_view script);

/// Text for gnuplot, in quotes, on one line.
std::string gnuplot_text(std::string_view);

}  // namespace cudenza
