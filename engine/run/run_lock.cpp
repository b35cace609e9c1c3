#include "engine/run/run_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "engine/core/error.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

std::string owner_text() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  std::array<char, 32> time{};
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  std::strftime(time.data(), time.size(), "%Y-%m-%d %H:%M:%S", localtime_r(&now, &local));
  return fmt::format("process {} on {}, since {}\n", getpid(), host.data(), time.data());
}

std::string read_owner(int file) {
  std::array<char, 512> text{};
  const ssize_t count = pread(file, text.data(), text.size(), 0);
  const std::string line(text.data(), count > 0 ? static_cast<size_t>(count) : 0);
  return line.empty() ? "another process" : line.substr(0, line.find('\n'));
}

/// Whether `path` still names the open file: its owner before may have removed it just as it was opened here.
bool is_named(int file, const fs::path& path) {
  struct stat open_one, named;
  return fstat(file, &open_one) == 0 && lstat(path.c_str(), &named) == 0 && open_one.st_ino == named.st_ino &&
         open_one.st_dev == named.st_dev;
}

[[noreturn]] void fail(const fs::path& path, int reason) {
  throw DataError(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(reason)));
}

/// Lets go of a descriptor where an exception passes.
struct Closing {
  int descriptor;
  ~Closing() {
    if (descriptor >= 0) close(descriptor);
  }
  int release() { return std::exchange(descriptor, -1); }
};

/// The lock file, open and held.
int take(const fs::path& path, const fs::path& run) {
  while (true) {
    // Not through a link, and without waiting for the other end of a pipe: the folder may be a stranger's.
    Closing file{open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666)};
    if (file.descriptor < 0) fail(path, errno);
    if (flock(file.descriptor, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK)
        throw DataError(fmt::format("{}: is being trained already ({}): wait for its end, or choose another `out`", run.string(),
                                    read_owner(file.descriptor)));
      if (errno == EINTR) continue;
      if (errno != ENOLCK && errno != EOPNOTSUPP && errno != ENOSYS) fail(path, errno);
      return file.release();  // a file system without locks: as good as it gets
    }
    if (is_named(file.descriptor, path)) return file.release();
  }
}

}  // namespace

RunLock::RunLock(const fs::path& run) : run_(run), file_(run / ".lock") {
  std::error_code error;
  made_folder_ = fs::create_directories(run_, error);
  if (error) throw DataError(fmt::format("{}: cannot make the folder: {}", run_.string(), error.message()));
  Closing file{take(file_, run_)};
  const std::string owner = owner_text();
  if (ftruncate(file.descriptor, 0) != 0 ||
      pwrite(file.descriptor, owner.data(), owner.size(), 0) != static_cast<ssize_t>(owner.size()))
    fail(file_, errno);
  descriptor_ = file.release();
}

RunLock::~RunLock() {
  if (descriptor_ < 0) return;
  unlink(file_.c_str());  // while it is held: who opens it from now on makes a new one
  close(descriptor_);
  if (made_folder_) rmdir(run_.c_str());
}

}  // namespace cudenza
