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
/// standard output; a script names no file, so that gnuplot opens none. Nothing is written to a disk. Throws GnuplotError with
/// what it said if it failed. Whoever calls this checks that the picture is whole, since gnuplot does not.
std::string run_gnuplot(std::string_view script);

/// Any text for gnuplot: quoted, on one line. All but letters are numbers (\047), so that nothing in it can end the
/// text or be obeyed. Draw it with `noenhanced`, and not as the name of a tic, where gnuplot takes a % for a format
/// (GnuplotScript's names_left() and names_below() draw those).
std::string gnuplot_text(std::string_view);

}  // namespace cudenza
