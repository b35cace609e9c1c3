#include "engine/core/posix_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace cudenza {
namespace {

/// Repeats the call while signals interrupt it.
template <class Call> auto uninterrupted(Call&& call) {
  auto answer = call();
  while (answer < 0 && errno == EINTR) answer = call();
  return answer;
}

int status_of(int64_t answer) { return answer < 0 ? errno : 0; }

}  // namespace

PosixFile::PosixFile(PosixFile&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

PosixFile& PosixFile::operator=(PosixFile&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

int PosixFile::create(const std::filesystem::path& path) {
  file_ = uninterrupted([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666); });
  return status_of(file_);
}

int PosixFile::open(const std::filesystem::path& path) {
  file_ = uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); });
  if (file_ < 0) return errno;
  struct stat status {};
  if (fstat(file_, &status) != 0) return errno;
  return S_ISREG(status.st_mode) ? 0 : EINVAL;
}

int PosixFile::size(uint64_t& bytes) const {
  struct stat status {};
  if (fstat(file_, &status) != 0) return errno;
  bytes = static_cast<uint64_t>(status.st_size);
  return 0;
}

int PosixFile::read(uint64_t at, std::span<std::byte> to, size_t& got) const {
  for (got = 0; got < to.size();) {
    const auto place = static_cast<off_t>(at + got);
    const ssize_t count = uninterrupted([&] { return pread(file_, to.data() + got, to.size() - got, place); });
    if (count < 0) return errno;
    if (count == 0) return 0;
    got += static_cast<size_t>(count);
  }
  return 0;
}

int PosixFile::write(uint64_t at, std::span<const std::byte> from) {
  for (size_t done = 0; done < from.size();) {
    const auto place = static_cast<off_t>(at + done);
    const ssize_t count = uninterrupted([&] { return pwrite(file_, from.data() + done, from.size() - done, place); });
    if (count < 0) return errno;
    if (count == 0) return EIO;  // no progress and no reason
    done += static_cast<size_t>(count);
  }
  return 0;
}

int PosixFile::resize(uint64_t bytes) {
  return status_of(uninterrupted([&] { return ftruncate(file_, static_cast<off_t>(bytes)); }));
}

void PosixFile::begin_sync() { (void)sync_file_range(file_, 0, 0, SYNC_FILE_RANGE_WRITE); }  // sync() reports errors

int PosixFile::sync() {
  return status_of(uninterrupted([&] { return fsync(file_); }));
}

int PosixFile::close() {
  if (file_ < 0) return 0;
  // An interrupted close has closed the file: its number may already belong to another file.
  const int answer = ::close(std::exchange(file_, -1));
  return answer < 0 && errno != EINTR ? errno : 0;
}

}  // namespace cudenza
