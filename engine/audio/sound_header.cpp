#include "engine/audio/sound_header.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace cudenza {
namespace {

constexpr uint32_t kUnknown = 0x7fffff00;  // writers to a pipe put sizes near 2^31 or 2^32, for they cannot come back

struct Header {
  int file;
  bool big_endian = false;

  bool read(int64_t at, void* to, size_t bytes) const { return pread(file, to, bytes, at) == static_cast<ssize_t>(bytes); }

  /// Four bytes at `at`, 0 where the file ends.
  uint32_t number(int64_t at) const {
    uint8_t b[4] = {};
    if (!read(at, b, 4)) return 0;
    if (big_endian) std::reverse(b, b + 4);
    return static_cast<uint32_t>(b[0]) | static_cast<uint32_t>(b[1]) << 8 | static_cast<uint32_t>(b[2]) << 16 |
           static_cast<uint32_t>(b[3]) << 24;
  }

  bool says(int64_t at, std::string_view name) const {
    char found[4] = {};
    return read(at, found, name.size()) && name == std::string_view(found, name.size());
  }
};

/// Where the sound begins, and how many bytes of it there should be.
struct Promise {
  int64_t begin;
  uint32_t bytes;
};

/// RIFF and FORM: chunks of name, size, content, from byte 12 on.
std::optional<Promise> promise_of_chunks(const Header& header, std::string_view name, int64_t end) {
  for (int64_t at = 12; at + 8 <= end; at += 8 + header.number(at + 4) + header.number(at + 4) % 2) {
    if (header.says(at, name)) return Promise{at + 8, header.number(at + 4)};
  }
  return {};
}

std::optional<Promise> promise_of(Header header, int64_t end) {
  if (header.says(0, "RIFF")) return promise_of_chunks(header, "data", end);
  header.big_endian = true;
  if (header.says(0, "RIFX")) return promise_of_chunks(header, "data", end);
  if (header.says(0, "FORM")) return promise_of_chunks(header, "SSND", end);
  if (header.says(0, ".snd")) return Promise{header.number(4), header.number(8)};
  header.big_endian = false;
  if (header.says(0, "dns.")) return Promise{header.number(4), header.number(8)};
  return {};
}

}  // namespace

std::optional<double> share_present(int file) {
  struct stat facts = {};
  if (fstat(file, &facts) != 0) return {};
  const auto promise = promise_of({file}, facts.st_size);
  if (!promise || promise->bytes == 0 || promise->bytes >= kUnknown) return {};
  const auto there = static_cast<double>(std::max<int64_t>(facts.st_size - promise->begin, 0));
  return std::min(there / promise->bytes, 1.0);
}

bool mp3_has_length(int file) {
  const Header header{file};
  char start[4096] = {};
  uint8_t tag[10] = {};
  int64_t at = 0;  // of the first frame: behind an ID3v2 tag, whose size comes in sevens of bits
  if (header.says(0, "ID3") && header.read(0, tag, sizeof tag)) at = 10 + (tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9]);
  const auto count = pread(file, start, sizeof start, at);
  const std::string_view text(start, static_cast<size_t>(std::max<ssize_t>(count, 0)));
  for (const char* mark : {"Xing", "Info", "VBRI"}) {
    if (text.find(mark) != text.npos) return true;
  }
  return false;
}

namespace {

/// Where an mp3's sound ends: before an ID3v1 tag, and an APEv2 tag before that.
int64_t end_of_mp3(int file) {
  struct stat facts = {};
  if (fstat(file, &facts) != 0) return 0;
  const Header header{file};
  int64_t end = facts.st_size;
  if (header.says(end - 128, "TAG")) end -= 128;
  if (header.says(end - 32, "APET") && header.says(end - 28, "AGEX")) {
    const bool has_header = header.number(end - 12) >> 31;  // besides the footer found here, which its size counts
    end -= header.number(end - 20) + (has_header ? 32 : 0);
  }
  return std::max<int64_t>(end, 0);
}

}  // namespace

StretchedFile::StretchedFile(int file) : file_(file), end_(file < 0 ? 0 : end_of_mp3(file)) {}

int64_t StretchedFile::read(void* to, int64_t bytes) {
  const int64_t from = at_ >= size() - kTail ? at_ - size() + end_ : at_;
  if (from < 0 || from >= end_) return 0;
  const ssize_t count = pread(file_, to, static_cast<size_t>(std::min(bytes, end_ - from)), from);
  at_ += std::max<ssize_t>(count, 0);
  return std::max<ssize_t>(count, 0);
}

}  // namespace cudenza
