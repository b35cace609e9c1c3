#include "tests/support/program.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "engine/core/error.h"
#include "tests/support/content_of.h"

namespace cudenza::testing {
namespace fs = std::filesystem;
namespace {

std::string read_and_remove(const fs::path& path) {
  std::string text = content_of(path);
  fs::remove(path);
  return text;
}

}  // namespace

Ran run_command(const std::string& command, const std::string& rest) {
  const fs::path stem = fs::temp_directory_path() / fmt::format("cudenza_test_{}", getpid());
  const std::string out = stem.string() + ".out", err = stem.string() + ".err";
  const int status = std::system(fmt::format("{} >'{}' 2>'{}' {}", command, out, err, rest).c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_and_remove(out), read_and_remove(err)};
}

std::string program_under_test() { return fs::read_symlink("/proc/self/exe").parent_path() / "cudenza"; }

Ran run_program(const std::string& arguments) { return run_command('\'' + program_under_test() + '\'', arguments); }

}  // namespace cudenza::testing
