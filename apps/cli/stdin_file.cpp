#include "apps/cli/stdin_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "engine/core/error.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

fs::path temporary_folder() {
  std::error_code error;
  const fs::path folder = fs::temp_directory_path(error);
  if (!error) return folder;
  const char* named = std::getenv("TMPDIR");
  throw DataError(fmt::format("{}: cannot hold a copy of stdin: {}; set TMPDIR to a folder that is there", named ? named : "/tmp",
                              error.message()));
}

/// A file without a name, or, on file systems that have none such, one that loses its name at once.
int open_nameless(const fs::path& folder) {
  const int file = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
  std::string name = folder / "cudenza_stdin_XXXXXX";
  const int named = mkostemp(name.data(), O_CLOEXEC);
  if (named >= 0) unlink(name.c_str());
  return named;
}

/// Writes all of it; false, with errno, if there is no room.
bool write_all(int file, const char* from, ssize_t bytes) {
  while (bytes > 0) {
    const ssize_t count = write(file, from, static_cast<size_t>(bytes));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    from += count;
    bytes -= count;
  }
  return true;
}

}  // namespace

StdinFile::StdinFile() {
  if (fcntl(STDIN_FILENO, F_GETFD) < 0) throw DataError("stdin: is closed; give a file's name, or send the sound by a pipe");
  const fs::path folder = temporary_folder();
  const auto fail = [&](const std::string& what) {
    const std::string why = std::strerror(errno);
    if (file_ >= 0) close(file_);
    throw DataError(fmt::format("{}: {}", what, why));
  };
  const std::string no_room = fmt::format("{}: cannot hold a copy of stdin (TMPDIR names another folder)", folder.string());
  file_ = open_nameless(folder);
  if (file_ < 0) fail(no_room);
  std::vector<char> block(size_t{1} << 18);
  while (true) {
    const ssize_t count = read(STDIN_FILENO, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("stdin: cannot be read");
    if (count == 0) break;
    if (!write_all(file_, block.data(), count)) fail(no_room);
  }
}

StdinFile::~StdinFile() { close(file_); }

fs::path StdinFile::path() const { return fmt::format("/proc/self/fd/{}", file_); }

}  // namespace cudenza
