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
