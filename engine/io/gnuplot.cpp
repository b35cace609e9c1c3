#include "engine/io/gnuplot.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>

extern char** environ;

namespace cudenza {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// Without a name, gone when it is closed.
File scratch_file() {
  File file(std::tmpfile(), std::fclose);
  if (!file) throw GnuplotError("gnuplot needs a temporary file, and none can be made");
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

/// Files instead of pipes: nothing can block, nothing breaks.
Ran run(std::string option, std::string_view script) {
  const File in = scratch_file(), out = scratch_file(), err = scratch_file();
  std::fwrite(script.data(), 1, script.size(), in.get());
  std::fflush(in.get());
  std::rewind(in.get());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(in.get()), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(out.get()), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, fileno(err.get()), STDERR_FILENO);
  std::string name = "gnuplot";
  char* arguments[] = {name.data(), option.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, name.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return {};
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return {true, WIFEXITED(status) ? WEXITSTATUS(status) : -1, content_of(out.get()), content_of(err.get())};
}

}  // namespace

std::string why_no_gnuplot() {
  const Ran ran = run("--version", "");
  if (ran.started && ran.status == 0) return "";
  return fmt::format("gnuplot {}: install it (apt-get install gnuplot-nox)",
                     !ran.started || ran.status == 127 ? "was not found" : "cannot be run");
}

std::string run_gnuplot(std::string_view script) {
  const Ran ran = run("-d", script);
  if (!ran.started || ran.status != 0) throw GnuplotError("gnuplot failed: " + ran.err);
  return ran.out;
}

std::string gnuplot_text(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += "''";
    else quoted += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return quoted + '\'';
}

}  // namespace cudenza
