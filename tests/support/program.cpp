#include "tests/support/program.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/core/error.h"

namespace cudenza::testing {
namespace fs = std::filesystem;
namespace {

std::string read_and_remove(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  fs::remove(path);
  return text.str();
}

}  // namespace

Ran run_program(const std::string& arguments) {
  const fs::path program = fs::read_symlink("/proc/self/exe").parent_path() / "cudenza";
  const fs::path stem = fs::temp_directory_path() / fmt::format("cudenza_test_{}", getpid());
  const std::string out = stem.string() + ".out", err = stem.string() + ".err";
  const std::string command = fmt::format("'{}' >'{}' 2>'{}' {}", program.string(), out, err, arguments);
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_and_remove(out), read_and_remove(err)};
}

}  // namespace cudenza::testing
