/// Files of foreign formats, read with all bounds checked. Reads outside the file and invalid content are a DataError naming the
/// file. Sizes that a file states are checked before any allocation.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/core/error.h"

namespace cudenza {

/// A name from a file, safe for a message: short and without control characters.
std::string printable(std::string_view name);

/// Random access to a file's bytes.
class FileBytes {
 public:
  explicit FileBytes(const std::filesystem::path&);
  ~FileBytes();
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  const std::filesystem::path& path() const { return path_; }
  uint64_t size() const { return size_; }

  /// Fills `out` from position `at` on. Throws DataError if the file ends before that.
  void read(uint64_t at, std::span<std::byte> out) const;
  /// Throws DataError naming `what` unless [at, at + bytes) lies within the file.
  void check_range(uint64_t at, uint64_t bytes, std::string_view what) const;

  template <class... Args> [[noreturn]] void fail(fmt::format_string<Args...> what, Args&&... args) const {
    throw DataError(fmt::format("{}: {}", path_.string(), fmt::format(what, std::forward<Args>(args)...)));
  }

 private:
  std::filesystem::path path_;
  int file_ = -1;
  uint64_t size_ = 0;
};

/// Reads a part of a file sequentially, little-endian, through a small buffer.
class ByteStream {
 public:
  ByteStream(const FileBytes& file, uint64_t begin, uint64_t end, std::string what);

  const FileBytes& file() const { return file_; }
  uint64_t position() const { return buffer_begin_ + taken_; }  ///< in the file
  uint64_t remaining() const { return end_ - position(); }

  uint8_t u8();
  uint16_t u16() { return static_cast<uint16_t>(little_endian(2)); }
  uint32_t u32() { return static_cast<uint32_t>(little_endian(4)); }
  uint64_t u64() { return little_endian(8); }
  int32_t i32() { return static_cast<int32_t>(u32()); }
  int64_t i64() { return static_cast<int64_t>(u64()); }
  /// The next `count` bytes; allocates at most the size of the part.
  std::string bytes(uint64_t count);
  /// The bytes before the next line feed, which is skipped; at most `most`.
  std::string line(size_t most);
  void skip(uint64_t count);

  template <class... Args> [[noreturn]] void fail(fmt::format_string<Args...> what, Args&&... args) const {
    file_.fail("{} at byte {}: {}", what_, position(), fmt::format(what, std::forward<Args>(args)...));
  }

 private:
  uint64_t little_endian(int count);
  void refill();

  const FileBytes& file_;
  uint64_t end_;
  std::string what_;
  std::vector<std::byte> buffer_;
  uint64_t buffer_begin_;
  size_t taken_ = 0;
};

}  // namespace cudenza
