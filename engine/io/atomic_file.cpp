#include "engine/io/atomic_file.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <span>

#include "engine/core/error.h"
#include "engine/core/posix_file.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kEnding = ".part";

/// Throws DataError unless `status`, an errno, is 0.
void check(int status, const fs::path& path) {
  if (status != 0) throw DataError(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(status)));
}

/// Syncs a folder's entries to disk.
void sync_folder(const fs::path& folder) {
  const int opened = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return check(errno, folder);
  const int status = fsync(opened) == 0 ? 0 : errno;
  close(opened);
  // Some file systems cannot sync a folder and return EINVAL: the rename is then as safe as they make it.
  if (status != EINVAL) check(status, folder);
}

/// Syncs a file's bytes to disk.
void sync_file(const fs::path& beside, const fs::path& path) {
  PosixFile file;
  check(file.open(beside), path);
  check(file.sync(), path);
  check(file.close(), path);
}

/// The PID in a name `.NAME.PID.part`; 0 for any other name.
pid_t writer_of(const std::string& name) {
  if (!name.starts_with('.') || !name.ends_with(kEnding)) return 0;
  const std::string_view before = std::string_view(name).substr(0, name.size() - kEnding.size());
  const size_t dot = before.rfind('.');
  if (dot < 2 || dot == std::string_view::npos) return 0;
  pid_t writer = 0;
  const auto [end, error] = std::from_chars(before.data() + dot + 1, before.data() + before.size(), writer);
  return error == std::errc() && end == before.data() + before.size() && writer > 0 ? writer : 0;
}

bool is_dead(pid_t process) { return process == getpid() || (kill(process, 0) != 0 && errno == ESRCH); }

}  // namespace

void write_atomically(const fs::path& path, const std::function<void(const fs::path& beside)>& write) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw DataError(fmt::format("{}: cannot make the folder: {}", folder.string(), error.message()));
  if (fs::exists(path, error) && !fs::is_regular_file(path, error))
    throw DataError(fmt::format("{}: cannot be written: it is there already, and is not a file", path.string()));
  // The name holds our PID, so that two processes writing the same file do not mix their bytes.
  const fs::path beside = folder / fmt::format(".{}.{}{}", path.filename().string(), getpid(), kEnding);
  fs::remove(beside, error);  // left by a dead process that had our PID
  try {
    write(beside);
    sync_file(beside, path);
    if (rename(beside.c_str(), path.c_str()) != 0) check(errno, path);
  } catch (...) {
    fs::remove(beside, error);
    throw;
  }
  sync_folder(folder);
}

void write_atomically(const fs::path& path, std::string_view content) {
  write_atomically(path, [&](const fs::path& beside) {
    PosixFile file;
    check(file.create(beside), path);
    check(file.write(0, std::as_bytes(std::span(content))), path);
    check(file.close(), path);
  });
}

void remove_parts_of_dead_writers(const fs::path& folder) {
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::end(entry); entry.increment(error)) {
    const pid_t writer = writer_of(entry->path().filename().string());
    std::error_code ignored;
    if (writer != 0 && is_dead(writer) && fs::is_regular_file(entry->symlink_status(ignored))) fs::remove(entry->path(), ignored);
  }
}

}  // namespace cudenza
