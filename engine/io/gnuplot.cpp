#include "engine/io/gnuplot.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>
#include <limits>

#include "engine/core/text.h"

extern char** environ;

namespace cudenza {
namespace {

[[noreturn]] void fail_memory_file(const char* what) {
  throw GnuplotError(fmt::format("gnuplot cannot be run: a file in memory cannot be {}: {}", what, std::strerror(errno)));
}

/// A file in memory: it needs no folder and no room on a disk, and is gone when it is closed.
class MemoryFile {
 public:
  MemoryFile() : file_(memfd_create("gnuplot", MFD_CLOEXEC)) {
    if (file_ < 0) fail_memory_file("made");
  }
  ~MemoryFile() { close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int get() const { return file_; }

  /// Leaves the file at its beginning, for whoever reads it.
  void fill(std::string_view content) const {
    for (size_t at = 0; at < content.size();) {
      const ssize_t count = pwrite(file_, content.data() + at, content.size() - at, static_cast<off_t>(at));
      if (count > 0) at += static_cast<size_t>(count);
      else if (count == 0 || errno != EINTR) fail_memory_file("written");
    }
  }

  std::string content() const {
    struct stat status {};
    if (fstat(file_, &status) != 0) fail_memory_file("read");
    std::string text(static_cast<size_t>(status.st_size), '\0');
    for (size_t at = 0; at < text.size();) {
      const ssize_t count = pread(file_, text.data() + at, text.size() - at, static_cast<off_t>(at));
      if (count > 0) at += static_cast<size_t>(count);
      else if (count == 0 || errno != EINTR) fail_memory_file("read");
    }
    return text;
  }

 private:
  int file_;
};

struct Ran {
  int start_error = 0;  ///< errno of a start that failed; ENOENT: there is no gnuplot
  int status = -1;      ///< the exit code; -1: did not exit by itself
  std::string out, err;
};

/// Files instead of pipes: nothing can block, nothing breaks.
Ran run(std::string option, std::string_view script) {
  const MemoryFile in, out, err;
  in.fill(script);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.get(), STDERR_FILENO);
  std::string name = "gnuplot";
  char* arguments[] = {name.data(), option.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, name.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return {.start_error = error, .out = {}, .err = {}};
  int status = 0;  // stays so if the system keeps none (SIGCHLD ignored): the output then decides
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1, .out = out.content(), .err = err.content()};
}

std::string why_not_started(int error) {
  if (error == ENOENT || error == EACCES || error == ENOTDIR)
    return "gnuplot was not found: install it (apt-get install gnuplot-nox)";
  return fmt::format("gnuplot cannot be started: {}", std::strerror(error));
}

}  // namespace

std::string why_no_gnuplot() try {
  const Ran ran = run("--version", "");
  if (ran.start_error != 0) return why_not_started(ran.start_error);
  if (ran.status == 127) return why_not_started(ENOENT);
  return ran.status == 0 && ran.out.starts_with("gnuplot ")
             ? ""
             : "gnuplot cannot be run: install it anew (apt-get install --reinstall gnuplot-nox)";
} catch (const GnuplotError& error) {
  return error.what();
}

std::string run_gnuplot(std::string_view script) {
  const Ran ran = run("-d", script);
  if (ran.start_error != 0) throw GnuplotError(why_not_started(ran.start_error));
  if (ran.status != 0) throw GnuplotError("gnuplot failed: " + shortened(ran.err, 500));
  return ran.out;
}

std::string gnuplot_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : shortened(text, std::numeric_limits<size_t>::max())) {
    const auto byte = static_cast<unsigned char>(c);
    // A digit behind an escape could be read as its fourth.
    if (byte >= 0x80 || std::isalpha(byte)) quoted += c;
    else quoted += fmt::format("\\{:03o}", byte);
  }
  return quoted + '"';
}

}  // namespace cudenza
