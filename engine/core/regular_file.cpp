#include "engine/core/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "engine/core/error.h"

namespace cudenza {
namespace {

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "folder";
  if (S_ISFIFO(mode)) return "pipe";
  return S_ISSOCK(mode) ? "socket" : "device";
}

[[noreturn]] void fail(const std::filesystem::path& path) {
  throw DataError(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
}

}  // namespace

RegularFile::RegularFile(const std::filesystem::path& path) : path_(path) {
  // Without O_NONBLOCK a pipe is opened only when somebody writes to it.
  file_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file_ < 0) fail(path);
  struct stat status {};
  const bool is_known = fstat(file_, &status) == 0;
  if (is_known && S_ISREG(status.st_mode)) return;
  const int reason = errno;
  close(file_);
  errno = reason;
  if (!is_known) fail(path);
  throw DataError(fmt::format("{}: is a {}, not a file", path.string(), kind_of(status.st_mode)));
}

RegularFile::~RegularFile() { close(file_); }

size_t RegularFile::read(std::span<std::byte> bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::read(file_, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path_);
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

std::string read_text(const std::filesystem::path& path) {
  constexpr size_t kBlock = size_t{1} << 16;
  RegularFile file(path);
  std::string text;
  for (size_t count = kBlock; count == kBlock;) {
    text.resize(text.size() + kBlock);
    count = file.read(std::as_writable_bytes(std::span(text)).last(kBlock));
    text.resize(text.size() - kBlock + count);
  }
  return text;
}

}  // namespace cudenza
