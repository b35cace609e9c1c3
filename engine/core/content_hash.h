/// A 128-bit hash that identifies a file's content. Collisions by chance are negligible; it is not secure against attackers.
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

/// Incremental XXH3 (128 bits, by the library xxHash).
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
/// Hash of a file's bytes. Throws DataError with file and reason if it cannot be read.
ContentHash hash_of_file(const std::filesystem::path&);

}  // namespace cudenza
