#include "engine/core/run_program.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

extern char** environ;  // NOLINT: POSIX has it so

namespace cudenza {
namespace {

[[noreturn]] void throw_errno() { throw std::system_error(errno, std::generic_category()); }

/// A file in memory. It needs no folder and is gone when it is closed.
class MemoryFile {
 public:
  MemoryFile() : file_(memfd_create("program", MFD_CLOEXEC)) {
    if (file_ < 0) throw_errno();
  }
  ~MemoryFile() { close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  int get() const { return file_; }

  /// Leaves the file position at the start, for the program that reads it.
  void fill(std::string_view content) const {
    for (size_t at = 0; at < content.size();) {
      const ssize_t count = pwrite(file_, content.data() + at, content.size() - at, static_cast<off_t>(at));
      if (count > 0) at += static_cast<size_t>(count);
      else if (count == 0 || errno != EINTR) throw_errno();
    }
  }

  std::string content() const {
    struct stat status {};
    if (fstat(file_, &status) != 0) throw_errno();
    std::string text(static_cast<size_t>(status.st_size), '\0');
    for (size_t at = 0; at < text.size();) {
      const ssize_t count = pread(file_, text.data() + at, text.size() - at, static_cast<off_t>(at));
      if (count > 0) at += static_cast<size_t>(count);
      else if (count == 0 || errno != EINTR) throw_errno();
    }
    return text;
  }

 private:
  int file_;
};

/// Bounds the files of a program that is started while this lives: the program inherits the process's limits, which come back at
/// the end. A limit that is set when the program already runs could come too late.
class FileBound {
 public:
  explicit FileBound(uint64_t most_bytes) {
    getrlimit(RLIMIT_FSIZE, &files_);
    getrlimit(RLIMIT_CORE, &cores_);
    lower(RLIMIT_FSIZE, files_, most_bytes);
    lower(RLIMIT_CORE, cores_, 0);  // it leaves no core file when it is ended for that
  }
  ~FileBound() {
    setrlimit(RLIMIT_FSIZE, &files_);
    setrlimit(RLIMIT_CORE, &cores_);
  }
  FileBound(const FileBound&) = delete;
  FileBound& operator=(const FileBound&) = delete;

 private:
  template <class Resource> static void lower(Resource which, rlimit limit, uint64_t most) {
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_cur, most);
    setrlimit(which, &limit);
  }

  rlimit files_{}, cores_{};
};

/// The same for good, which the program cannot take back.
void bound_for_good(pid_t process, uint64_t most_bytes) {
  const rlimit most{most_bytes, most_bytes}, none{0, 0};
  prlimit(process, RLIMIT_CORE, &none, nullptr);
  prlimit(process, RLIMIT_FSIZE, &most, nullptr);
}

class FileActions {
 public:
  FileActions() { posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  void give(const MemoryFile& file, int as) { posix_spawn_file_actions_adddup2(&actions_, file.get(), as); }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

}  // namespace

std::string ProgramResult::why_not_started(std::string_view install) const {
  const bool absent = start_error == ENOENT || start_error == EACCES || start_error == ENOTDIR;
  return absent ? fmt::format("was not found: {}", install) : fmt::format("cannot be started: {}", std::strerror(start_error));
}

ProgramResult run_program(std::vector<std::string> arguments, const ProgramOptions& options) try {
  const MemoryFile in, out, err;
  in.fill(options.input);
  FileActions actions;
  actions.give(in, STDIN_FILENO);
  actions.give(out, STDOUT_FILENO);
  if (!options.shares_stderr) actions.give(err, STDERR_FILENO);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  pid_t child = 0;
  std::optional<FileBound> bound;
  if (options.most_file_bytes) bound.emplace(*options.most_file_bytes);
  const int error = posix_spawnp(&child, argv[0], actions.get(), nullptr, argv.data(), environ);
  bound.reset();
  if (error != 0) return {.start_error = error};
  if (options.most_file_bytes) bound_for_good(child, *options.most_file_bytes);
  int status = 0;  // stays 0 if the system keeps no status (SIGCHLD ignored): the output then decides
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), .out = out.content(), .err = err.content()};
} catch (const std::system_error& error) {
  return {.start_error = error.code().value()};
}

}  // namespace cudenza
