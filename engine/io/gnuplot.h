/// Runs gnuplot as a program: a script goes in, its drawing comes out. It is not linked and may be missing.
#pragma once
#include <stdexcept>
#include <string>
#include <string_view>

namespace cudenza {

struct GnuplotError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Empty if gnuplot can be run; else the reason, without a full stop: "gnuplot was not found: install it (…)".
std::string why_no_gnuplot();

/// Runs a script, which may also hold numbers as bytes, without the user's start-up files. Returns gnuplot's standard output; a
/// script names no file, so gnuplot opens none. Writes nothing to disk. Throws GnuplotError with gnuplot's message on failure.
/// The caller checks that the picture is complete, since gnuplot does not.
std::string run_gnuplot(std::string_view script);

/// Any text as a quoted gnuplot string on one line. All but letters are escaped (\047), so that nothing in it can end the string
/// or run as a command. Draw it with `noenhanced`, and not as a tic name, where gnuplot takes % for a format (use GnuplotScript's
/// names_left() and names_below() there).
std::string gnuplot_text(std::string_view);

}  // namespace cudenza
