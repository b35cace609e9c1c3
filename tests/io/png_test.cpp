#include "engine/io/png.h"

#include <gtest/gtest.h>
#include <png.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "engine/core/error.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

Pixels gradient(int height, int width, int channels) {
  Pixels pixels{height, width, channels, {}};
  for (int i = 0; i < height * width * channels; ++i) pixels.values.push_back(static_cast<uint8_t>(i * 7));
  return pixels;
}

/// Writes rows as they are, of any kind that PNG knows.
void write_any(const fs::path& path, int height, int width, int depth, int colour, bool interlaced,
               const std::vector<uint8_t>& rows) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  if (setjmp(png_jmpbuf(png))) FAIL() << "libpng";
  png_init_io(png, file);
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), depth, colour,
               interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  const png_color palette[] = {{0, 0, 0}, {255, 0, 0}, {0, 255, 0}, {10, 20, 30}};
  if (colour == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 4);
  png_write_info(png, info);
  const size_t stride = rows.size() / static_cast<size_t>(height);
  std::vector<png_bytep> pointers;
  for (int y = 0; y < height; ++y) pointers.push_back(const_cast<png_bytep>(rows.data() + static_cast<size_t>(y) * stride));
  png_write_image(png, pointers.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  std::fclose(file);
}

class PngTest : public ::testing::Test {
 protected:
  ScratchFolder scratch_;
  const fs::path path_ = scratch_.path() / "a.png";

  std::string error() const {
    try {
      read_png(path_);
    } catch (const DataError& e) {
      EXPECT_TRUE(std::string(e.what()).starts_with(path_.string() + ": ")) << e.what();
      return std::string(e.what()).substr(path_.string().size() + 2);
    }
    return "no error";
  }
};

TEST_F(PngTest, WhatIsWrittenIsRead) {
  const Pixels colour = gradient(13, 17, 3);
  write_png(path_, colour);
  const Pixels read = read_png(path_);
  EXPECT_EQ(read.height, 13);
  EXPECT_EQ(read.width, 17);
  EXPECT_EQ(read.channels, 3);
  EXPECT_EQ(read.values, colour.values);
  const Pixels grey = gradient(13, 17, 1);
  write_png(path_, grey);
  const Pixels again = read_png(path_);
  for (int y = 0; y < 13; ++y) {
    for (int x = 0; x < 17; ++x) {
      for (const uint8_t value : again.at(y, x)) ASSERT_EQ(value, grey.at(y, x)[0]);
    }
  }
  EXPECT_EQ(probe_png(path_).width, 17);
  EXPECT_TRUE(probe_png(path_).values.empty());
}

TEST_F(PngTest, EveryKindIsReadAsEightBitColour) {
  using Values = std::vector<uint8_t>;
  struct Kind {
    const char* name;
    int depth, colour, width;
    Values rows;  // of one line
    Values expected;
  };
  const Kind kinds[] = {
      {"1 bit", 1, PNG_COLOR_TYPE_GRAY, 3, {0b10100000}, {255, 255, 255, 0, 0, 0, 255, 255, 255}},
      {"2 bits", 2, PNG_COLOR_TYPE_GRAY, 2, {0b01100000}, {85, 85, 85, 170, 170, 170}},
      {"4 bits", 4, PNG_COLOR_TYPE_GRAY, 2, {0x3f}, {51, 51, 51, 255, 255, 255}},
      {"16 bits", 16, PNG_COLOR_TYPE_GRAY, 2, {0x12, 0x12, 0x80, 0x80}, {0x12, 0x12, 0x12, 0x80, 0x80, 0x80}},
      {"palette", 2, PNG_COLOR_TYPE_PALETTE, 4, {0b00011011}, {0, 0, 0, 255, 0, 0, 0, 255, 0, 10, 20, 30}},
      {"48 bits", 16, PNG_COLOR_TYPE_RGB, 1, {1, 1, 2, 2, 3, 3}, {1, 2, 3}},
      {"alpha", 8, PNG_COLOR_TYPE_RGBA, 2, {1, 2, 3, 255, 9, 9, 9, 0}, {1, 2, 3, 255, 255, 255}},
      {"grey with alpha", 8, PNG_COLOR_TYPE_GRAY_ALPHA, 2, {7, 255, 7, 0}, {7, 7, 7, 255, 255, 255}},
  };
  for (const Kind& kind : kinds) {
    for (const bool interlaced : {false, true}) {
      write_any(path_, 1, kind.width, kind.depth, kind.colour, interlaced, kind.rows);
      EXPECT_EQ(read_png(path_).values, kind.expected) << kind.name << (interlaced ? ", interlaced" : "");
    }
  }
}

TEST_F(PngTest, MorePixelsThanAnyPictureHasAreRefusedUndecoded) {
  const std::vector<uint8_t> row_bytes(size_t{4097} * 512);
  write_any(path_, 4097, 4096, 1, PNG_COLOR_TYPE_GRAY, false, row_bytes);
  EXPECT_LT(fs::file_size(path_), 20'000u);
  EXPECT_EQ(error(), "4097 x 4096 pixels are too many; at most 16777216 are read: make the picture smaller");
  write_any(path_, 1, 1 << 19, 1, PNG_COLOR_TYPE_GRAY, true, std::vector<uint8_t>(1 << 16));
  EXPECT_EQ(read_png(path_).width, 1 << 19);  // long, but not too large
}

TEST_F(PngTest, APipeIsNotWaitedFor) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(error(), "is not a file");
}

TEST_F(PngTest, BadFilesSayWhy) {
  EXPECT_NE(error().find("No such file"), std::string::npos) << error();
  std::ofstream(path_) << "These are words, and no picture.";
  EXPECT_EQ(error().find("is no readable PNG"), 0u) << error();
  std::ofstream(path_, std::ios::trunc).flush();
  EXPECT_EQ(error().find("is no readable PNG"), 0u) << error();
  write_png(path_, gradient(50, 60, 3));
  for (const double share : {0.02, 0.2, 0.5, 0.9}) {
    write_png(path_, gradient(50, 60, 3));
    fs::resize_file(path_, static_cast<uintmax_t>(static_cast<double>(fs::file_size(path_)) * share));
    EXPECT_NE(error(), "no error") << share;
  }
  write_png(path_, gradient(50, 60, 3));
  std::fstream(path_, std::ios::in | std::ios::out | std::ios::binary).seekp(100).write("damaged!", 8);
  EXPECT_EQ(error().find("is a truncated or damaged PNG"), 0u) << error();
  fs::remove(path_);
  fs::create_directory(path_);
  EXPECT_EQ(error(), "is a folder, not a picture");
}

TEST_F(PngTest, WhatCannotBeWritten) {
  EXPECT_THROW(write_png(path_, {2, 2, 3, std::vector<uint8_t>(11)}), UsageError);
  EXPECT_THROW(write_png(path_, {2, 2, 2, std::vector<uint8_t>(8)}), UsageError);
  EXPECT_THROW(write_png(path_, {0, 2, 3, {}}), UsageError);
  write_png(path_, gradient(2, 2, 3));
  EXPECT_THROW(write_png(path_ / "below.png", gradient(2, 2, 3)), DataError);
}

}  // namespace
}  // namespace cudenza::testing
