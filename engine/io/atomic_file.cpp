#include "engine/io/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "engine/core/error.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void fail(const fs::path& path) {
  throw DataError(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
}

/// Waits until a file's bytes, or a folder's names, are on the disk.
void sync(const fs::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(path);
  const int status = fsync(file);
  const int reason = errno;
  close(file);
  // Some file systems cannot sync a folder, and say so with EINVAL: the rename is then as safe as they make it.
  if (status != 0 && reason != EINVAL) {
    errno = reason;
    fail(path);
  }
}

}  // namespace

void write_atomically(const fs::path& path, const std::function<void(const fs::path& beside)>& write) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw DataError(fmt::format("{}: cannot make the folder: {}", folder.string(), error.message()));
  // Of this process alone, so that two that write the same file do not mix their bytes.
  const fs::path beside = folder / fmt::format(".{}.{}.part", path.filename().string(), getpid());
  try {
    write(beside);
    sync(beside);
    if (rename(beside.c_str(), path.c_str()) != 0) fail(path);
    sync(folder);
  } catch (...) {
    fs::remove(beside, error);
    throw;
  }
}

void write_atomically(const fs::path& path, std::string_view content) {
  write_atomically(path, [&](const fs::path& beside) {
    std::ofstream file(beside, std::ios::binary);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    file.close();
    if (!file) fail(path);
  });
}

}  // namespace cudenza
