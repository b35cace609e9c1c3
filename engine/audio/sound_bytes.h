/// Bytes of an open file, or of a stretch of one, for header parsers and decoders.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cudenza {

/// A part of an open file. Does not own the descriptor and does not move its position.
struct FileStretch {
  int file = -1;
  int64_t begin = 0, end = 0;

  int64_t size() const { return end - begin; }
  /// The part [from, to) of this stretch.
  FileStretch part(int64_t from, int64_t to) const { return {.file = file, .begin = begin + from, .end = begin + to}; }
  /// The whole of an open file.
  static FileStretch whole(int file);
};

/// Random access to the bytes of a stretch. Reads in blocks, so that sequential access is cheap.
class ByteView {
 public:
  static constexpr int64_t kMost = 4096;  ///< bytes that one peek() can return

  explicit ByteView(const FileStretch& stretch) : stretch_(stretch) {}

  int64_t size() const { return stretch_.size(); }
  const FileStretch& stretch() const { return stretch_; }
  /// The `count` bytes at `at`, or as many as there are; valid until the next call.
  std::span<const uint8_t> peek(int64_t at, int64_t count);
  /// Unsigned numbers; bytes beyond the end count as 0.
  uint64_t little_endian(int64_t at, int bytes);
  uint64_t big_endian(int64_t at, int bytes);
  bool says(int64_t at, std::string_view text);
  /// First position from `at` on of `text` (at most kMost bytes); -1 if there is none before `end`.
  int64_t find(std::string_view text, int64_t at, int64_t end);

 private:
  static constexpr int64_t kBlock = 64 * 1024;

  FileStretch stretch_;
  std::vector<uint8_t> block_;
  int64_t block_at_ = 0;
};

/// Bytes that replace the file's own when it is read: a header with corrected sizes.
struct Patch {
  int64_t at;  ///< position in the stretch
  std::string bytes;
};

/// Reads a stretch front to back like a file of its own, with the patches applied.
class PatchedStream {
 public:
  explicit PatchedStream(const FileStretch& stretch = {}, std::vector<Patch> patches = {})
      : stretch_(stretch), patches_(std::move(patches)) {}

  int64_t size() const { return stretch_.size(); }
  int64_t position() const { return at_; }
  void go_to(int64_t at) { at_ = at; }
  /// Reads from the position and advances it. Returns the bytes read: fewer than requested only at the end.
  int64_t read(void* to, int64_t bytes);

 private:
  FileStretch stretch_;
  std::vector<Patch> patches_;
  int64_t at_ = 0;
};

}  // namespace cudenza
