#include "engine/core/regular_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "engine/core/error.h"

namespace cudenza {
namespace {

std::string_view kind_of(const std::filesystem::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode)) return "something else";  // the file was replaced in between
  if (S_ISDIR(status.st_mode)) return "folder";
  if (S_ISFIFO(status.st_mode)) return "pipe";
  return S_ISSOCK(status.st_mode) ? "socket" : "device";
}

[[noreturn]] void fail(const std::filesystem::path& path, int status) {
  throw DataError(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(status)));
}

}  // namespace

RegularFile::RegularFile(const std::filesystem::path& path) : path_(path) {
  const int status = file_.open(path);
  if (status == EINVAL) throw DataError(fmt::format("{}: is a {}, not a file", path.string(), kind_of(path)));
  if (status != 0) fail(path, status);
}

size_t RegularFile::read(std::span<std::byte> bytes) {
  size_t count = 0;
  if (const int status = file_.read(at_, bytes, count); status != 0) fail(path_, status);
  at_ += count;
  return count;
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
