/// SHA-256 (FIPS 180-4) of what comes piece by piece.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace cudenza {

class Sha256 {
 public:
  void update(std::span<const std::byte>);
  /// The hash of all that came, as 64 hexadecimal digits. Ends the work: nothing may come after.
  std::string hex();

 private:
  std::array<uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, 64> block_{};  ///< what does not fill a block yet
  size_t held_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace cudenza
