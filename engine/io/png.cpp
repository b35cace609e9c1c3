#include "engine/io/png.h"

#include <png.h>

#include <memory>

#include "engine/core/error.h"
#include "engine/io/atomic_file.h"

namespace cudenza {
namespace {

// A 4K screen has half as many. Deflate expands a byte to a thousand pixels: without this limit, a 32 KB file would take 4 GB.
constexpr int64_t kMostPixels = int64_t{1} << 24;

/// libpng's state for one picture, freed with it.
struct Image : png_image {
  Image() : png_image{} { version = PNG_IMAGE_VERSION; }
  Image(const Image&) = delete;
  ~Image() { png_image_free(this); }

  [[noreturn]] void fail(const std::filesystem::path& path, const char* what) const {
    throw DataError(fmt::format("{}: {}: {}", path.string(), what, message));
  }
};

/// Reads the header and sets the output pixel format.
void begin(Image& image, const std::filesystem::path& path) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  if (std::filesystem::is_directory(status)) throw DataError(fmt::format("{}: is a folder, not a picture", path.string()));
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))  // a pipe would block
    throw DataError(fmt::format("{}: is not a file", path.string()));
  if (!png_image_begin_read_from_file(&image, path.c_str())) image.fail(path, "is no readable PNG");
  if (int64_t{image.height} * image.width > kMostPixels)
    throw DataError(fmt::format("{}: {} x {} pixels are too many; at most {} are read: make the picture smaller", path.string(),
                                image.height, image.width, kMostPixels));
  image.format = PNG_FORMAT_RGB;
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // treats 16-bit values as sRGB, like 8-bit ones
}

}  // namespace

Pixels probe_png(const std::filesystem::path& path) {
  Image image;
  begin(image, path);
  return {.height = static_cast<int>(image.height), .width = static_cast<int>(image.width), .channels = 3, .values = {}};
}

Pixels read_png(const std::filesystem::path& path) {
  Image image;
  begin(image, path);
  Pixels pixels{static_cast<int>(image.height), static_cast<int>(image.width), 3, std::vector<uint8_t>(PNG_IMAGE_SIZE(image))};
  const png_color white = {255, 255, 255};
  if (!png_image_finish_read(&image, &white, pixels.values.data(), 0, nullptr)) image.fail(path, "is a truncated or damaged PNG");
  return pixels;
}

std::string encode_png(const Pixels& pixels) {
  const size_t size =
      static_cast<size_t>(pixels.height) * static_cast<size_t>(pixels.width) * static_cast<size_t>(pixels.channels);
  require(pixels.height > 0 && pixels.width > 0 && (pixels.channels == 1 || pixels.channels == 3) && pixels.values.size() == size,
          "encode_png: {} values are no picture of {} x {} x {}; channels are 1 or 3", pixels.values.size(), pixels.height,
          pixels.width, pixels.channels);
  Image image;
  image.height = static_cast<png_uint_32>(pixels.height);
  image.width = static_cast<png_uint_32>(pixels.width);
  image.format = pixels.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  std::string png(PNG_IMAGE_PNG_SIZE_MAX(image), '\0');  // an upper bound
  png_alloc_size_t bytes = png.size();
  if (!png_image_write_to_memory(&image, png.data(), &bytes, 0, pixels.values.data(), 0, nullptr))
    throw std::runtime_error(fmt::format("encode_png: {}", image.message));
  png.resize(bytes);
  return png;
}

void write_png(const std::filesystem::path& path, const Pixels& pixels) { write_atomically(path, encode_png(pixels)); }

}  // namespace cudenza
