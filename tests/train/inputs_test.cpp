/// What a network sees of a row in training, nothing being augmented, is what it is judged by.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/train/clip_input.h"
#include "engine/train/picture_input.h"

namespace cudenza::testing {
namespace {

const std::vector<int64_t> kRows{2, 0, 2};

std::vector<float> as_training(Input& input, uint32_t epoch) {
  return input.training({Tensor::from(kRows, {3}), Tensor::from(std::vector{epoch}, {1})}).to_vector<float>();
}

TEST(Inputs, SoundIsHeardInTrainingAsWhenJudged) {
  InputSpec spec{.picture = {.height = 40, .width = 36}, .clip_seconds = 0.5};
  spec.mel.sample_rate = 8000;
  std::vector<int16_t> pcm;
  for (int i = 0; i < 3 * 4000; ++i) pcm.push_back(static_cast<int16_t>(9000 * std::sin(0.002 * i * (1 + i / 4000)) + i % 977));
  const Tensor rows = Tensor::from(pcm, {3, 4000});
  spec.statistics = measure(rows, spec.mel, std::vector<int64_t>{0, 1, 2});
  ClipInput plain(rows, spec, clip_chances(Recipe{}, spec), DType::f32, 1);
  EXPECT_EQ(as_training(plain, 5), plain.plain(kRows).to_vector<float>());
  ClipInput noisy(rows, spec, clip_chances(Recipe{.noise = true, .gain = 6}, spec), DType::f32, 1);
  EXPECT_NE(as_training(noisy, 5), noisy.plain(kRows).to_vector<float>());
  EXPECT_NE(as_training(noisy, 5), as_training(noisy, 6));
}

/// Elements [begin, end) of the variants of some rows, three passes after each other.
std::vector<float> variants_of(Input& input, const std::vector<int64_t>& rows, size_t row) {
  const Tensor all = input.variants(rows, 3);
  const std::vector<float> values = all.to_vector<float>();
  const size_t size = values.size() / (3 * rows.size());
  std::vector<float> found;
  for (size_t pass = 0; pass < 3; ++pass) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>((pass * rows.size() + row) * size);
    found.insert(found.end(), first, first + static_cast<std::ptrdiff_t>(size));
  }
  return found;
}

/// The same content in two sets: `at` of the first is row 0 of the other, which holds it alone.
void expect_variants_by_content(Input& set, int64_t at, Input& alone) {
  const std::vector<float> expected = variants_of(alone, {0}, 0);
  EXPECT_EQ(variants_of(set, {at}, 0), expected);
  EXPECT_EQ(variants_of(set, {0, 2, at, 1}, 2), expected);
  EXPECT_NE(variants_of(set, {at - 1}, 0), expected);
}

TEST(Inputs, VariantsOfASoundDependOnWhatItHoldsAlone) {
  InputSpec spec{.picture = {.height = 20, .width = 18}, .normalize = Normalize::clip, .clip_seconds = 0.25};
  spec.mel.sample_rate = 8000;
  std::vector<int16_t> pcm;
  for (int i = 0; i < 4 * 2000; ++i) pcm.push_back(static_cast<int16_t>(9000 * std::sin(0.01 * i * (1 + i / 2000)) + i % 977));
  const Tensor rows = Tensor::from(pcm, {4, 2000});
  const ClipChances chances = clip_chances({.noise = true, .cutout = true, .specaugment = true, .shift = 0.5}, spec);
  ClipInput set(rows, spec, chances, DType::f32, 1), alone(rows.slice(3 * 2000, {1, 2000}), spec, chances, DType::f32, 1);
  expect_variants_by_content(set, 3, alone);
}

TEST(Inputs, VariantsOfAPictureDependOnWhatItHoldsAlone) {
  std::vector<uint8_t> bytes;
  for (int i = 0; i < 4 * 20 * 24; ++i) bytes.push_back(static_cast<uint8_t>(i * i % 251));
  const Tensor pictures = Tensor::from(bytes, {4, 20, 24, 1});
  const auto chances = pixel_chances({.cutout = true, .specaugment = true, .shift = 0.5}, {.height = 20, .width = 24});
  PictureInput set(pictures, 24, Normalize::none, chances, DType::f32, 1),
      alone(pictures.slice(3 * 20 * 24, {1, 20, 24, 1}), 24, Normalize::none, chances, DType::f32, 1);
  expect_variants_by_content(set, 3, alone);
}

TEST(Inputs, PicturesAreSeenInTrainingAsWhenJudged) {
  std::vector<uint8_t> bytes;
  for (int i = 0; i < 3 * 20 * 24 * 3; ++i) bytes.push_back(static_cast<uint8_t>(i * i % 251));
  const Tensor pictures = Tensor::from(bytes, {3, 20, 24, 3});
  const PictureSpec size{.height = 20, .width = 24};
  PictureInput plain(pictures, 24, Normalize::imagenet, pixel_chances(Recipe{}, size), DType::f32, 1);
  const auto seen = as_training(plain, 5);
  EXPECT_EQ(seen, plain.plain(kRows).to_vector<float>());
  constexpr double kMean[] = {0.485, 0.456, 0.406}, kStd[] = {0.229, 0.224, 0.225};
  for (size_t i = 0; i < 20 * 24 * 3; ++i)
    EXPECT_NEAR(seen[i], (bytes[2 * 20 * 24 * 3 + i] / 255.0 - kMean[i % 3]) / kStd[i % 3], 1e-6);
  PictureInput turned(pictures, 24, Normalize::imagenet, pixel_chances(Recipe{.shift = 0.5}, size), DType::f32, 1);
  EXPECT_NE(as_training(turned, 5), turned.plain(kRows).to_vector<float>());
}

}  // namespace
}  // namespace cudenza::testing
