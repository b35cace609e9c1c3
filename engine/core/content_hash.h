/// A name for what a file holds: 128 bits, far too many for two files of a lifetime to share them by chance. Not against malice.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace cudenza {

struct ContentHash {
  uint64_t high = 0, low = 0;

  bool operator==(const ContentHash&) const = default;
  auto operator<=>(const ContentHash&) const = default;
  /// 32 hexadecimal digits.
  std::string text() const;
};

/// MurmurHash3 (x64, 128 bits; A. Appleby, 2011) of bytes that come piece by piece.
class ContentHasher {
 public:
  void add(std::span<const std::byte>);
  ContentHash finish() const;

 private:
  void add_block(const std::byte*);

  uint64_t h1_ = 0, h2_ = 0, length_ = 0;
  std::array<std::byte, 16> rest_{};  // the last length_ % 16 bytes
};

ContentHash hash_of(std::span<const std::byte>);
/// MurmurHash3 of four parts of the bytes side by side, and of the four: another name for the same, made three times as fast,
/// since each part's chain of multiplications waits for itself alone.
ContentHash striped_hash_of(std::span<const std::byte>);
/// Of a file's bytes. Throws DataError with file and reason if it cannot be read.
ContentHash hash_of_file(const std::filesystem::path&);

}  // namespace cudenza
