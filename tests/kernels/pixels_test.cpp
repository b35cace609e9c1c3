#include "kernels/pixels/pixels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "kernels/pixels/pixels_math.h"

namespace cudenza::kernels {
namespace {

constexpr int kHeight = 10, kWidth = 20;

PixelBatch one_channel(const PixelChances& chances, int64_t batch = 1) {
  return {.resident = 1000,
          .batch = batch,
          .height = kHeight,
          .width = kWidth,
          .channels = 1,
          .scale = {2},
          .shift = {1},
          .chances = chances,
          .seed = 5};
}

TEST(Pixels, ArePlainWithoutChances) {
  PixelBatch s = one_channel({});
  s.resident = 2;
  std::vector<uint8_t> x(2 * kHeight * kWidth);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<uint8_t>(i);
  std::vector<float> y(kHeight * kWidth);
  const int64_t row = 1;
  pixels(Cpu{}, s, x.data(), &row, nullptr, y.data());
  for (size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], 2.0f * x[y.size() + i] + 1);
}

TEST(Pixels, TurnInTimeAndMaskBlocks) {
  const PixelBatch s = one_channel({.turn = 8, .columns = 5, .rows = 3});
  std::vector<uint8_t> x(s.resident * kHeight * kWidth);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<uint8_t>(1 + i % kWidth);  // a pixel knows its column
  std::vector<float> y(kHeight * kWidth);
  for (int64_t row = 0; row < 50; ++row) {
    const PixelPlan plan = pixel_plan(s, row, 0, 0);
    pixels(Cpu{}, s, x.data(), &row, nullptr, y.data());
    for (int i = 0; i < kHeight; ++i) {
      for (int j = 0; j < kWidth; ++j) {
        const int column = (j + plan.first) % kWidth;
        EXPECT_EQ(y[i * kWidth + j], plan.masks(i, j) ? 0.0f : 2.0f * static_cast<float>(1 + column) + 1);
      }
    }
  }
}

PixelBatch with_crop(const PixelChances& chances, const PixelCrop& crop, int64_t batch) {
  PixelBatch s = one_channel(chances, batch);
  s.crop = crop;
  return s;
}

TEST(Pixels, ShowPlacesSideBySide) {
  constexpr int kSeen = 8, kViews = 3;
  const PixelBatch s = with_crop({}, {.columns = kSeen, .views = kViews}, 2 * kViews);
  std::vector<uint8_t> x(s.resident * kHeight * kWidth);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<uint8_t>(100 * (i / (kHeight * kWidth)) + i % kWidth);
  const int64_t rows[] = {2, 0};
  std::vector<float> y(s.batch * kHeight * kSeen);
  pixels(Cpu{}, s, x.data(), rows, nullptr, y.data());
  const int begins[kViews] = {0, (kWidth - kSeen) / 2, kWidth - kSeen};
  for (size_t i = 0; i < y.size(); ++i) {
    const size_t picture = i / (kHeight * kSeen), column = begins[picture % kViews] + i % kSeen;
    EXPECT_EQ(y[i], 2.0f * static_cast<float>(100 * rows[picture / kViews] + column) + 1) << i;
  }
}

/// Every place a crop can lie in turns up as often; what is masked lies within it.
TEST(Pixels, CropAnywhere) {
  constexpr int kSeen = 16, kPlaces = kWidth - kSeen + 1, kRows = 20000;
  const PixelBatch s = with_crop({.turn = 3, .columns = 4, .rows = 2}, {.columns = kSeen, .views = 0}, 1);
  int places[kPlaces] = {};
  for (int64_t row = 0; row < kRows; ++row) {
    const PixelPlan plan = pixel_plan(s, row, 0, 9);
    ASSERT_GE(plan.first, 0);
    ASSERT_LT(plan.first, kPlaces);
    ASSERT_LE(plan.first_column + plan.columns, kSeen);
    ++places[plan.first];
  }
  for (const int count : places) EXPECT_NEAR(count / double{kRows}, 1.0 / kPlaces, 0.02);
}

/// Half of the pictures get each alteration, and every size and place within the limits turns up.
TEST(Pixels, DrawWhatTheyAreAllowedTo) {
  const PixelBatch s = one_channel({.turn = 3, .columns = 4, .rows = 2});
  int turned = 0, widths[5] = {}, heights[3] = {}, turns[7] = {};
  constexpr int kRows = 20000;
  for (int64_t row = 0; row < kRows; ++row) {
    const PixelPlan plan = pixel_plan(s, row, 0, 9);
    const int turn = plan.first > kWidth / 2 ? plan.first - kWidth : plan.first;
    ASSERT_LE(std::abs(turn), 3);
    ASSERT_GE(plan.first_column, 0);
    ASSERT_LE(plan.first_column + plan.columns, kWidth);
    ASSERT_LE(plan.first_row + plan.rows, kHeight);
    turned += turn != 0;
    ++widths[plan.columns], ++heights[plan.rows], ++turns[turn + 3];
  }
  EXPECT_NEAR(turned / double{kRows}, 0.5 * 6 / 7, 0.02);
  EXPECT_NEAR(widths[0] / double{kRows}, 0.5, 0.02);
  EXPECT_NEAR(heights[0] / double{kRows}, 0.5, 0.02);
  for (int w = 1; w <= 4; ++w) EXPECT_NEAR(widths[w] / double{kRows}, 0.125, 0.02);
  for (int h = 1; h <= 2; ++h) EXPECT_NEAR(heights[h] / double{kRows}, 0.25, 0.02);
  for (const int t : {-3, -2, -1, 1, 2, 3}) EXPECT_NEAR(turns[t + 3] / double{kRows}, 0.5 / 7, 0.02);
}

TEST(Pixels, DrawAnewInEveryEpochAndTheSameForARow) {
  const PixelBatch s = one_channel({.turn = 8, .columns = 5, .rows = 3});
  int changed = 0;
  for (int64_t row = 0; row < 100; ++row) {
    const PixelPlan a = pixel_plan(s, row, 0, 1), b = pixel_plan(s, row, 0, 1), c = pixel_plan(s, row, 0, 2);
    EXPECT_EQ(a.first, b.first);
    EXPECT_EQ(a.first_column, b.first_column);
    changed += a.first != c.first || a.first_column != c.first_column;
  }
  EXPECT_GT(changed, 90);
}

}  // namespace
}  // namespace cudenza::kernels
