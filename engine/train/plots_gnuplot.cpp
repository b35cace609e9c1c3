#include "engine/train/plots_gnuplot.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <memory>

namespace cudenza {
namespace {

using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

/// Without a name, gone when it is closed.
File scratch_file() {
  File file(std::tmpfile(), &std::fclose);
  if (!file) throw GnuplotError("plots: cannot make a temporary file");
  return file;
}

std::string content_of(std::FILE* file) {
  std::string text;
  char buffer[1 << 16];
  std::rewind(file);
  while (const size_t count = std::fread(buffer, 1, sizeof buffer, file)) text.append(buffer, count);
  return text;
}

struct Ran {
  bool started = false;
  int status = -1;  ///< the exit code; -1: did not exit by itself
  std::string out, err;
};

/// Runs gnuplot without the user's start-up files (-d). Files instead of pipes: nothing can block, nothing breaks.
Ran run_gnuplot(const char* option, std::string_view script) {
  const File in = scratch_file(), out = scratch_file(), err = scratch_file();
  std::fwrite(script.data(), 1, script.size(), in.get());
  std::fflush(in.get());
  std::rewind(in.get());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(in.get()), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(out.get()), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(err.get()), STDERR_FILENO);
  std::string name = "gnuplot", argument = option;
  char* arguments[] = {name.data(), argument.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, name.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return {};
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return {true, WIFEXITED(status) ? WEXITSTATUS(status) : -1, content_of(out.get()), content_of(err.get())};
}

}  // namespace

std::string gnuplot_colour_number(int colour, double share) {
  return fmt::format("0x{:02x}{:06x}", static_cast<int>(std::lround(255 * (1 - share))), colour);
}

std::string gnuplot_colour(int colour, double share) { return "'#" + gnuplot_colour_number(colour, share).substr(2) + '\''; }

std::string gnuplot_text(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += "''";
    else quoted += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return quoted + '\'';
}

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

std::string why_no_gnuplot() {
  static constexpr std::string_view kRemedy = "install gnuplot (Debian's package is gnuplot-nox) and run `cudenza report` again";
  const Ran ran = run_gnuplot("--version", "");
  if (!ran.started || ran.status == 127) return fmt::format("gnuplot, which draws the plots, was not found: {}.", kRemedy);
  if (ran.status != 0) return fmt::format("gnuplot, which draws the plots, cannot be run: {}.", kRemedy);
  return "";
}

std::string drawn(const GnuplotScript& script) {
  const Ran ran = run_gnuplot("-d", script.text());
  if (ran.status != 0 || ran.out.find("</svg>") == std::string::npos)
    throw GnuplotError("gnuplot could not draw a plot: " + ran.err);
  return ran.out;
}

}  // namespace cudenza
