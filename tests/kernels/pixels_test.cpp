#include "kernels/pixels/pixels.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "kernels/common/float16.h"
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
  std::vector<double> y(kHeight * kWidth);
  for (int64_t row = 0; row < 50; ++row) {
    const PixelPlan plan = pixel_plan(s, row, 0, 0);
    pixels(Reference{}, s, x.data(), &row, nullptr, y.data());
    for (int i = 0; i < kHeight; ++i) {
      for (int j = 0; j < kWidth; ++j) {
        const int column = (j + plan.first) % kWidth;
        EXPECT_EQ(y[i * kWidth + j], plan.masks(i, j) ? 0 : 2 * (1 + column) + 1);
      }
    }
  }
}

// Few pictures of every number of channels, crops among them, and rows outside the set.
template <class T> void expect_small_batch(int channels, const PixelCrop& crop) {
  const std::vector<int64_t> rows{4, 9, 0, -1, 2};
  PixelBatch s = one_channel({.turn = 12, .columns = 7, .rows = 4}, std::ssize(rows) * std::max(1, crop.views));
  s.resident = 5, s.width = 61, s.channels = channels, s.crop = crop;
  for (int c = 0; c < 4; ++c) s.scale[c] = 0.5f * static_cast<float>(1 << c), s.shift[c] = static_cast<float>(2 * c - 3);
  std::vector<uint8_t> x(static_cast<size_t>(s.resident * s.height * s.width * channels));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<uint8_t>((i * 37 + i / 251) & 63);
  std::vector<T> y(static_cast<size_t>(s.batch) * s.height * columns_seen(s) * channels), expected(y.size());
  const uint32_t epoch = 3;
  pixels(Cpu{}, s, x.data(), rows.data(), &epoch, y.data());
  pixels(Reference{}, s, x.data(), rows.data(), &epoch, expected.data());
  for (size_t i = 0; i < y.size(); ++i) {
    const float got = y[i], wanted = expected[i];
    ASSERT_TRUE(got == wanted || (got != got && wanted != wanted)) << i << ": " << got << ' ' << wanted;
  }
}

TEST(Pixels, AreTheReference) {
  for (const int channels : {1, 2, 3, 4}) {
    for (const PixelCrop& crop : {PixelCrop{}, {.columns = 20}, {.columns = 20, .views = 1}, {.columns = 20, .views = 3}}) {
      expect_small_batch<float>(channels, crop);
      expect_small_batch<bf16>(channels, crop);
      expect_small_batch<f16>(channels, crop);
    }
  }
}

// As long as no row is a whole number of registers, and enough of them for the result to be written past the cache.
template <class T> void expect_large_batch(int channels, int width) {
  constexpr int kTall = 31;
  const int64_t size = int64_t{kTall} * width * channels,
                batch = (int64_t{17} << 20) / (size * static_cast<int64_t>(sizeof(T))) + 1;
  PixelBatch s{.resident = 7,
               .batch = batch,
               .height = kTall,
               .width = width,
               .channels = channels,
               .scale = {0.5f, 2, 4, 8},
               .shift = {-1, 1, 3, 5},
               .chances = {.turn = 9, .columns = 5, .rows = 3},
               .seed = 5};
  std::vector<uint8_t> x(static_cast<size_t>(s.resident * size));
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<uint8_t>(i * 37 >> 3 & 63);  // all products fit bf16
  std::vector<int64_t> rows(static_cast<size_t>(batch));
  for (size_t b = 0; b < rows.size(); ++b) rows[b] = static_cast<int64_t>(b * 5 % 7);
  std::vector<T> y(static_cast<size_t>(batch * size) + 1, T(77.0f));
  pixels(Cpu{}, s, x.data(), rows.data(), nullptr, y.data());
  std::vector<T> expected(y.size(), T(77.0f));
  pixels(Reference{}, s, x.data(), rows.data(), nullptr, expected.data());
  EXPECT_EQ(std::memcmp(y.data(), expected.data(), y.size() * sizeof(T)), 0) << channels << " channels, " << width << " columns";
}

TEST(Pixels, AreTheSameInLargeBatches) {
  for (const int channels : {1, 2, 3, 4}) {
    for (const int width : {11, 67, 224}) {
      expect_large_batch<float>(channels, width);
      expect_large_batch<bf16>(channels, width);
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
