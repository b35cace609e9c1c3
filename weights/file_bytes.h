/// Files of foreign formats, read with every bound checked. What lies outside a file or does not belong in it is a DataError
/// that names the file; nothing is allocated on the word of a file alone.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/core/error.h"

namespace cudenza {

/// What a file calls something, fit for a message: neither long nor able to steer a terminal.
std::string printable(std::string_view name);

/// A file's bytes by their position.
class FileBytes {
 public:
  explicit FileBytes(const std::filesystem::path&);
  ~FileBytes();
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  const std::filesystem::path& path() const { return path_; }
  uint64_t size() const { return size_; }

  /// Fills `out` from position `at` on. Throws DataError if the file ends before.
  void read(uint64_t at, std::span<std::byte> out) const;
  /// Throws DataError, which says what was expected there, unless [at, at + bytes) lies within the file.
  void check_range(uint64_t at, uint64_t bytes, std::string_view what) const;

  template <class... Args> [[noreturn]] void fail(fmt::format_string<Args...> what, Args&&... args) const {
    throw DataError(fmt::format("{}: {}", path_.string(), fmt::format(what, std::forward<Args>(args)...)));
  }

 private:
  std::filesystem::path path_;
  int file_ = -1;
  uint64_t size_ = 0;
};

/// Reads a part of a file from its beginning to its end, little-endian, through a small buffer.
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
  /// The next `count` bytes; allocates only what the part of the file can hold.
  std::string bytes(uint64_t count);
  /// The bytes before the next line feed, which is passed over. At most `most` of them.
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
