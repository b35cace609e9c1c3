#include "engine/train/picture_input.h"

#include <gtest/gtest.h>

#include <cmath>

namespace cudenza {
namespace {

constexpr int kRows = 3, kHeight = 4, kWidth = 10;

/// u8 [3, 4, 10, 1], where a pixel knows its row of the data set and its column.
Tensor pictures() {
  std::vector<uint8_t> pixels;
  for (int i = 0; i < kRows * kHeight * kWidth; ++i)
    pixels.push_back(static_cast<uint8_t>(100 * (i / (kHeight * kWidth)) + i % kWidth));
  return Tensor::from(pixels, {kRows, kHeight, kWidth, 1});
}

PictureInput input_of(int columns) { return {pictures(), columns, Normalize::none, {}, DType::f32, 7}; }

/// What stands at the left of picture `n`: 100·row + column.
int left_of(const Tensor& y, int64_t n) {
  return static_cast<int>(std::lround(255 * y.span<float>()[static_cast<size_t>(n * kHeight * y.size(2))]));
}

TEST(PictureInput, ShowsWholePicturesWhereNothingIsCropped) {
  PictureInput input = input_of(kWidth);
  EXPECT_EQ(input.views(), 1);
  const Tensor y = input.plain(std::array<int64_t, 2>{2, 0});
  EXPECT_EQ(y.shape(), (Shape{2, kHeight, kWidth, 1}));
  EXPECT_EQ(left_of(y, 0), 200);
  EXPECT_EQ(left_of(y, 1), 0);
}

TEST(PictureInput, ShowsPlacesSideBySideWhenItIsJudged) {
  PictureInput input = input_of(4);
  ASSERT_EQ(input.views(), 3);
  const Tensor y = input.plain(std::array<int64_t, 2>{2, 1});
  EXPECT_EQ(y.shape(), (Shape{6, kHeight, 4, 1}));
  const int expected[] = {200, 203, 206, 100, 103, 106};
  for (int n = 0; n < 6; ++n) EXPECT_EQ(left_of(y, n), expected[n]);
}

TEST(PictureInput, CropsElsewhereInEveryEpoch) {
  PictureInput input = input_of(4);
  std::vector<int> seen(kWidth);
  for (uint32_t epoch = 0; epoch < 50; ++epoch) {
    const Tensor y =
        input.training({.rows = Tensor::from(std::vector<int64_t>{1}, {1}), .epoch = Tensor::from(std::vector{epoch}, {1})});
    ASSERT_EQ(y.shape(), (Shape{1, kHeight, 4, 1}));
    ++seen.at(static_cast<size_t>(left_of(y, 0) - 100));
  }
  for (int begin = 0; begin <= kWidth - 4; ++begin) EXPECT_GT(seen[static_cast<size_t>(begin)], 0) << begin;
}

TEST(PictureInput, MakesVariantsOfCrops) {
  PictureInput input = input_of(4);
  const Tensor y = input.variants(std::array<int64_t, 2>{0, 2}, 5);
  EXPECT_EQ(y.shape(), (Shape{10, kHeight, 4, 1}));
  for (int n = 0; n < 10; ++n) EXPECT_EQ(left_of(y, n) / 100, n % 2 == 0 ? 0 : 2);
}

TEST(PictureInput, RefusesMoreColumnsThanThereAre) { EXPECT_THROW(input_of(11), UsageError); }

}  // namespace
}  // namespace cudenza
