#include "engine/io/gnuplot.h"

#include <fmt/format.h>

#include <cctype>
#include <cerrno>
#include <limits>

#include "engine/core/run_program.h"
#include "engine/core/text.h"

namespace cudenza {
namespace {

ProgramResult run(std::string option, std::string_view script) {
  return run_program({"gnuplot", std::move(option)}, {.input = script});
}

std::string why_not_started(const ProgramResult& result) {
  return "gnuplot " + result.why_not_started("install it (apt-get install gnuplot-nox)");
}

}  // namespace

std::string why_no_gnuplot() {
  constexpr int kNotFound = 127;
  ProgramResult result = run("--version", "");
  if (result.status == kNotFound) result.start_error = ENOENT;
  if (result.start_error != 0) return why_not_started(result);
  return result.status == 0 && result.out.starts_with("gnuplot ")
             ? ""
             : "gnuplot cannot be run: install it anew (apt-get install --reinstall gnuplot-nox)";
}

std::string run_gnuplot(std::string_view script) {
  const ProgramResult result = run("-d", script);
  if (result.start_error != 0) throw GnuplotError(why_not_started(result));
  if (result.status != 0) throw GnuplotError("gnuplot failed: " + shortened(result.err, 500));
  return result.out;
}

std::string gnuplot_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : shortened(text, std::numeric_limits<size_t>::max())) {
    const auto byte = static_cast<unsigned char>(c);
    // A digit after an escape could be read as its fourth.
    if (byte >= 0x80 || std::isalpha(byte)) quoted += c;
    else quoted += fmt::format("\\{:03o}", byte);
  }
  return quoted + '"';
}

}  // namespace cudenza
