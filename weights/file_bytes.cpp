#include "weights/file_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace cudenza {
namespace {
constexpr size_t kBuffer = 64 << 10;
}

std::string printable(std::string_view name) {
  constexpr size_t kMostShown = 128;
  std::string shown;
  for (const char c : name.substr(0, kMostShown)) shown += c >= ' ' && c < 127 ? c : '?';
  return name.size() > kMostShown ? shown + "…" : shown;
}

FileBytes::FileBytes(const std::filesystem::path& path) : path_(path) {
  file_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe without a writer must not block
  if (file_ < 0) fail("cannot be read: {}", std::strerror(errno));
  struct stat status {};
  if (fstat(file_, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(file_);
    fail("is not a file");
  }
  size_ = static_cast<uint64_t>(status.st_size);
}

FileBytes::~FileBytes() { close(file_); }

void FileBytes::check_range(uint64_t at, uint64_t bytes, std::string_view what) const {
  if (at > size_ || bytes > size_ - at)
    fail("{} should have {} bytes at byte {}, but the file ends at byte {}: it is cut off or corrupt", what, bytes, at, size_);
}

void FileBytes::read(uint64_t at, std::span<std::byte> out) const {
  check_range(at, out.size(), "what is read");
  for (size_t done = 0; done < out.size();) {
    const ssize_t got = pread(file_, out.data() + done, out.size() - done, static_cast<off_t>(at + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("cannot be read: {}", std::strerror(errno));
    if (got == 0) fail("became shorter while it was read");
    done += static_cast<size_t>(got);
  }
}

ByteStream::ByteStream(const FileBytes& file, uint64_t begin, uint64_t end, std::string what)
    : file_(file), end_(end), what_(std::move(what)), buffer_begin_(begin) {
  file.check_range(begin, begin <= end ? end - begin : 0, what_);
  if (begin > end) file.fail("{}: ends before it begins", what_);
}

void ByteStream::refill() {
  buffer_begin_ += taken_;
  taken_ = 0;
  buffer_.resize(static_cast<size_t>(std::min<uint64_t>(kBuffer, end_ - buffer_begin_)));
  if (buffer_.empty()) fail("ends too early: the file is cut off or corrupt");
  file_.read(buffer_begin_, buffer_);
}

uint8_t ByteStream::u8() {
  if (taken_ == buffer_.size()) refill();
  return static_cast<uint8_t>(buffer_[taken_++]);
}

uint64_t ByteStream::little_endian(int count) {
  uint64_t value = 0;
  for (int i = 0; i < count; ++i) value |= static_cast<uint64_t>(u8()) << (8 * i);
  return value;
}

std::string ByteStream::bytes(uint64_t count) {
  if (count > remaining())
    fail("should have {} more bytes, but ends after {}: the file is cut off or corrupt", count, remaining());
  std::string all(static_cast<size_t>(count), '\0');
  for (size_t done = 0; done < all.size();) {
    if (taken_ == buffer_.size()) refill();
    const size_t part = std::min(all.size() - done, buffer_.size() - taken_);
    std::memcpy(all.data() + done, buffer_.data() + taken_, part);
    taken_ += part;
    done += part;
  }
  return all;
}

std::string ByteStream::line(size_t most) {
  std::string text;
  for (char c = 0; (c = static_cast<char>(u8())) != '\n';) {
    if (text.size() == most) fail("has a line of more than {} characters", most);
    text += c;
  }
  return text;
}

void ByteStream::skip(uint64_t count) {
  if (count > remaining())
    fail("should have {} more bytes, but ends after {}: the file is cut off or corrupt", count, remaining());
  if (count <= buffer_.size() - taken_) {
    taken_ += static_cast<size_t>(count);
    return;
  }
  buffer_begin_ = position() + count;
  taken_ = 0;
  buffer_.clear();
}

}  // namespace cudenza
