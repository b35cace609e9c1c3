#include "engine/audio/sound_bytes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace cudenza {
namespace {

/// Reads bytes at `at`; fewer than requested only if the file ends or cannot be read.
int64_t read_at(int file, void* to, int64_t bytes, int64_t at) {
  int64_t done = 0;
  while (done < bytes) {
    const ssize_t count = pread(file, static_cast<char*>(to) + done, static_cast<size_t>(bytes - done), at + done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += count;
  }
  return done;
}

}  // namespace

FileStretch FileStretch::whole(int file) {
  struct stat facts = {};
  return {.file = file, .begin = 0, .end = fstat(file, &facts) == 0 ? facts.st_size : 0};
}

std::span<const uint8_t> ByteView::peek(int64_t at, int64_t count) {
  if (at < 0 || at >= size()) return {};
  count = std::min({count, kMost, size() - at});
  if (at < block_at_ || at + count > block_at_ + static_cast<int64_t>(block_.size())) {
    block_.resize(static_cast<size_t>(std::min(kBlock, size() - at)));
    block_.resize(
        static_cast<size_t>(read_at(stretch_.file, block_.data(), static_cast<int64_t>(block_.size()), stretch_.begin + at)));
    block_at_ = at;
  }
  const int64_t first = at - block_at_, there = static_cast<int64_t>(block_.size()) - first;
  return std::span(block_).subspan(static_cast<size_t>(first), static_cast<size_t>(std::min(count, there)));
}

uint64_t ByteView::big_endian(int64_t at, int bytes) {
  uint64_t number = 0;
  const auto found = peek(at, bytes);
  for (int i = 0; i < bytes; ++i)
    number = number << 8 | (static_cast<size_t>(i) < found.size() ? found[static_cast<size_t>(i)] : 0u);
  return number;
}

uint64_t ByteView::little_endian(int64_t at, int bytes) {
  uint64_t number = 0;
  const auto found = peek(at, bytes);
  for (size_t i = 0; i < found.size(); ++i) number |= uint64_t{found[i]} << 8 * i;
  return number;
}

bool ByteView::says(int64_t at, std::string_view text) {
  const auto found = peek(at, static_cast<int64_t>(text.size()));
  return found.size() == text.size() && std::memcmp(found.data(), text.data(), text.size()) == 0;
}

int64_t ByteView::find(std::string_view text, int64_t at, int64_t end) {
  while (at < end) {
    const auto found = peek(at, std::min(kMost, end - at));
    const void* const place = memmem(found.data(), found.size(), text.data(), text.size());
    if (place) return at + (static_cast<const uint8_t*>(place) - found.data());
    if (found.size() < text.size()) break;
    at += static_cast<int64_t>(found.size() - text.size() + 1);  // a match may lie across the end of this block
  }
  return -1;
}

int64_t PatchedStream::read(void* to, int64_t bytes) {
  if (at_ < 0 || at_ >= size()) return 0;
  const int64_t count = read_at(stretch_.file, to, std::min(bytes, size() - at_), stretch_.begin + at_);
  for (const Patch& patch : patches_) {
    const int64_t first = std::max(at_, patch.at);
    const int64_t last = std::min(at_ + count, patch.at + static_cast<int64_t>(patch.bytes.size()));
    if (first < last)
      std::memcpy(static_cast<char*>(to) + (first - at_), patch.bytes.data() + (first - patch.at),
                  static_cast<size_t>(last - first));
  }
  at_ += count;
  return count;
}

}  // namespace cudenza
