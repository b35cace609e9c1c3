/// A name for what a file holds: 128 bits, far too many for two files of a lifetime to share them by chance. Not against malice.
#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

struct XXH3_state_s;

namespace cudenza {

struct ContentHash {
  uint64_t high = 0, low = 0;

  bool operator==(const ContentHash&) const = default;
  auto operator<=>(const ContentHash&) const = default;
  /// 32 hexadecimal digits.
  std::string text() const;
};

/// XXH3 (128 bits, by the library xxHash) of bytes that come piece by piece.
class ContentHasher {
 public:
  ContentHasher();
  void add(std::span<const std::byte>);
  ContentHash finish() const;

 private:
  struct Release {
    void operator()(XXH3_state_s*) const;
  };
  std::unique_ptr<XXH3_state_s, Release> state_;
};

ContentHash hash_of(std::span<const std::byte>);
/// Of a file's bytes. Throws DataError with file and reason if it cannot be read.
ContentHash hash_of_file(const std::filesystem::path&);

}  // namespace cudenza
