/// Pictures in PNG files.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace cudenza {

/// Rows from the top, channels innermost: 1 (grey) or 3 (RGB).
struct Pixels {
  int height = 0, width = 0, channels = 3;
  std::vector<uint8_t> values;  ///< [height, width, channels]

  std::span<const uint8_t> at(int y, int x) const {
    return {values.data() +
                (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)) * static_cast<size_t>(channels),
            static_cast<size_t>(channels)};
  }
};

/// Reads any PNG (grey, palette, colour; 1 to 16 bits; also interlaced) as 8-bit RGB. Transparent pixels are blended onto white.
/// Throws DataError with file and reason, also for truncated and damaged files and for more than 2^24 pixels.
Pixels read_png(const std::filesystem::path&);

/// Only the size, as read_png() would return it; values is empty.
Pixels probe_png(const std::filesystem::path&);

/// 8-bit grey or RGB as a PNG file's bytes. Throws UsageError if the pixels do not fill height x width x channels.
std::string encode_png(const Pixels&);

/// The same into a file, atomically. Throws DataError if it cannot be written.
void write_png(const std::filesystem::path&, const Pixels&);

}  // namespace cudenza
