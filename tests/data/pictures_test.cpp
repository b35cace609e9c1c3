#include "engine/data/pictures.h"

#include <gtest/gtest.h>

#include <array>

#include "engine/core/error.h"
#include "tests/data/files.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

using Colour = std::array<uint8_t, 3>;
constexpr Colour kWhite = {255, 255, 255}, kDark = {68, 1, 84};

Pixels plain(int height, int width, const Colour& colour) {
  Pixels pixels{height, width, 3, {}};
  for (int i = 0; i < height * width; ++i) pixels.values.insert(pixels.values.end(), colour.begin(), colour.end());
  return pixels;
}

void paint(Pixels& pixels, int y, int x, const Colour& colour) {
  std::ranges::copy(colour, pixels.values.begin() + 3 * (y * pixels.width + x));
}

/// A spectrogram with a border, as plotting programs write them.
Pixels framed(int height, int width, const PictureBox& box) {
  Pixels pixels = plain(height, width, kWhite);
  for (int y = 0; y < box.height; ++y) {
    for (int x = 0; x < box.width; ++x)
      paint(pixels, box.top + y, box.left + x, {static_cast<uint8_t>(10 * y), static_cast<uint8_t>(5 * x), 128});
  }
  return pixels;
}

TEST(Pictures, APlainBorderIsFound) {
  const PictureBox box{3, 2, 10, 20};
  EXPECT_EQ(content_box(framed(15, 30, box)), box);
}

TEST(Pictures, SilenceIsNoBorder) {
  Pixels pixels = plain(10, 20, kDark);  // all there is lies at the bottom and to the right
  for (int x = 8; x < 20; ++x) paint(pixels, 9, x, {200, 10, 10});
  EXPECT_EQ(content_box(pixels), (PictureBox{0, 0, 10, 20}));
  EXPECT_EQ(content_box(plain(4, 5, kWhite)), (PictureBox{0, 0, 4, 5}));
}

TEST(Pictures, DarkContentWithinAWhiteBorderStaysWhole) {
  Pixels pixels = plain(12, 12, kWhite);
  for (int y = 2; y < 10; ++y) {
    for (int x = 2; x < 10; ++x) paint(pixels, y, x, kDark);
  }
  EXPECT_EQ(content_box(pixels), (PictureBox{2, 2, 8, 8}));
}

TEST(Pictures, OfItsOwnSizeAPictureIsItself) {
  const PictureBox box{3, 2, 10, 20};
  const Tensor y = resized(framed(15, 30, box), box, {.height = 10, .width = 20});
  ASSERT_EQ(y.shape(), (Shape{10, 20, 3}));
  const auto values = y.span<uint8_t>();
  for (int i = 0; i < 10; ++i) {
    for (int j = 0; j < 20; ++j) {
      EXPECT_EQ(values[3 * (20 * i + j)], 10 * i);
      EXPECT_EQ(values[3 * (20 * i + j) + 1], 5 * j);
      EXPECT_EQ(values[3 * (20 * i + j) + 2], 128);
    }
  }
}

TEST(Pictures, ShrinkingAverages) {
  // As Pillow's Image.resize((4, 1), Image.BILINEAR).
  Pixels pixels{1, 8, 1, {0, 30, 60, 90, 120, 150, 180, 210}};
  const Tensor y = resized(pixels, {0, 0, 1, 8}, {.height = 1, .width = 4});
  EXPECT_EQ(y.to_vector<int64_t>(), (std::vector<int64_t>{21, 21, 21, 75, 75, 75, 135, 135, 135, 189, 189, 189}));
}

TEST(Pictures, BadFilesAreNamedAndLeftOut) {
  const ScratchFolder folder;
  write_png(folder / "a.png", framed(15, 30, {3, 2, 10, 20}));
  write_file(folder / "b.png", "no picture at all");
  write_png(folder / "c.png", plain(7, 9, kDark));
  const std::vector<fs::path> paths = {folder / "a.png", folder / "b.png", folder / "none.png", folder / "c.png"};
  size_t seen = 0;
  const PictureBatch batch = load_pictures(paths, {.height = 10, .width = 20}, DType::u8, 2, [&](size_t, size_t) { ++seen; });
  EXPECT_EQ(seen, 4u);
  EXPECT_EQ(batch.index, (std::vector<int>{0, 3}));
  ASSERT_EQ(batch.errors.size(), 2u);
  EXPECT_TRUE(has(batch.errors[0], "b.png")) << batch.errors[0];
  EXPECT_TRUE(has(batch.errors[1], "none.png")) << batch.errors[1];
  ASSERT_EQ(batch.pictures.shape(), (Shape{2, 10, 20, 3}));
  EXPECT_EQ(batch.pictures.to_vector<int64_t>()[3 * (20 * 4 + 7)], 40);
  EXPECT_EQ(batch.pictures.to_vector<int64_t>().back(), 84);
  const Tensor unit = load_pictures(paths, {.height = 10, .width = 20}, DType::f32).pictures;
  EXPECT_EQ(unit.to_vector<float>().back(), 84 / 255.0f);
  EXPECT_TRUE(has(error_of<UsageError>([&] { load_pictures(paths, {.height = 0}); }), "0 x 224 pixels are none"));
  EXPECT_TRUE(has(error_of<UsageError>([&] { load_pictures(paths, {}, DType::f16); }), "u8 or f32"));
}

TEST(Pictures, NoneAtAllIsAnEmptyBatch) {
  const std::vector<fs::path> paths = {"/nowhere/a.png"};
  EXPECT_EQ(load_pictures(paths, {.height = 4, .width = 4}).pictures.shape(), (Shape{0, 4, 4, 3}));
}

TEST(Pictures, RealOnesLoseTheirBorder) {
  const fs::path real = shared_data();
  if (real.empty()) GTEST_SKIP() << "needs ../shared/data beside the sources";
  const Dataset data = open_dataset(real / "gtzan-pictures");
  EXPECT_EQ(data.items.size(), 639u);
  for (size_t i = 0; i < data.items.size(); i += 50) {
    const Pixels pixels = read_png(data.path_of(data.items[i]));
    const PictureBox box = content_box(pixels);
    EXPECT_EQ(box.height, 370) << data.items[i].path;
    EXPECT_NEAR(box.width, 496, 1) << data.items[i].path;  // some begin with a column that is white too
  }
}

}  // namespace
}  // namespace cudenza::testing
