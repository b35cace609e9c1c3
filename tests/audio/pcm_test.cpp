/// Samples kept in 16 bits or as floats: nothing is lost, and nobody can tell which it was.
#include "engine/audio/pcm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/audio/augment.h"
#include "engine/train/content_ids.h"
#include "tests/support/augmented.h"

namespace cudenza::testing {
namespace {

std::vector<float> sixteen_bits() {
  std::vector<float> x;
  for (int i = -32768; i < 32768; ++i) x.push_back(static_cast<float>(i) / 32768);
  return x;
}

TEST(Pcm, SixteenBitsAreKeptInSixteen) {
  const std::vector<float> x = sixteen_bits();
  const Tensor pcm = pcm_of(x);
  ASSERT_EQ(pcm.dtype(), DType::i16);
  for (int i = 0; i < 65536; ++i) ASSERT_EQ(pcm.span<int16_t>()[static_cast<size_t>(i)], i - 32768);
}

TEST(Pcm, WhateverElseIsKeptAsItIs) {
  for (const float odd : {1.0f, -1.5f, 0.5f / 32768, 1e-9f, 0.1f, 7e9f, 1.0f / 32768 + 1e-9f}) {
    std::vector<float> x = sixteen_bits();
    x[40000] = odd;
    const Tensor pcm = pcm_of(x);
    ASSERT_EQ(pcm.dtype(), DType::f32) << odd;
    EXPECT_EQ(pcm.to_vector<float>(), x) << odd;
  }
}

TEST(Pcm, BlocksBeforeTheFirstOddSampleAreKeptToo) {
  const std::vector<float> x = sixteen_bits(), odd = {0.3f, -2.0f};
  PcmCollector all;
  all.reserve(10);
  all.add(x);
  all.add(odd);
  all.add(x);
  std::vector<float> expected = x;
  expected.insert(expected.end(), odd.begin(), odd.end());
  expected.insert(expected.end(), x.begin(), x.end());
  ASSERT_EQ(all.collected().dtype(), DType::f32);
  EXPECT_EQ(all.collected().to_vector<float>(), expected);
}

TEST(Pcm, OneClipOfFloatsMakesAllFloats) {
  const Tensor narrow = pcm_of(std::vector{0.5f, -1.0f, 0.25f, 0.0f}).view({2, 2});
  std::vector<Tensor> parts = {narrow, narrow};
  EXPECT_EQ(stacked(parts, 2).dtype(), DType::i16);
  parts = {narrow, pcm_of(std::vector{3.0f, 0.1f}).view({1, 2}), narrow};
  const Tensor all = stacked(parts, 2);
  EXPECT_EQ(all.shape(), (Shape{5, 2}));
  EXPECT_EQ(all.to_vector<float>(), (std::vector<float>{0.5f, -1, 0.25f, 0, 3, 0.1f, 0.5f, -1, 0.25f, 0}));
}

TEST(Pcm, ChannelsAreAveragedInDoublePrecision) {
  const std::vector<double> wide = {1e7, 0.25, -1e7, 0.5, 0.25, 0.25 + 0x1p-40};
  std::vector<double> mono(2);
  mix(wide, 3, mono);
  EXPECT_EQ(mono, (std::vector<double>{0.25 / 3, (1 + 0x1p-40) / 3}));
}

/// Two clips of 16 bits, in both types.
struct Both {
  Tensor narrow, wide;

  Both() {
    constexpr int kSamples = 6000;
    std::vector<float> x;
    for (int i = 0; i < 2 * kSamples; ++i)
      x.push_back(static_cast<float>(std::lround(9000 * std::sin(0.03 * i * (1 + i / kSamples)) + i % 977)) / 32768);
    narrow = pcm_of(x).view({2, kSamples});
    wide = Tensor::from(x, {2, kSamples});
  }
};

TEST(Pcm, BothTypesOfTheSameSamplesGiveTheSameBits) {
  const Both clips;
  ASSERT_EQ(clips.narrow.dtype(), DType::i16);
  for (const bool standardise : {false, true}) {
    for (const std::optional<double> top_db : {std::optional(80.0), std::optional<double>()}) {
      MelSpec spec;
      spec.standardise_wave = standardise, spec.top_db = top_db;
      const LogMel log_mel(spec);
      EXPECT_EQ(log_mel(clips.narrow).to_vector<float>(), log_mel(clips.wide).to_vector<float>());
    }
  }
  const ResidentClips narrow(clips.narrow), wide(clips.wide);
  EXPECT_EQ(augment(narrow, {}, kEveryAugmentation, {.seed = 3}).to_vector<float>(),
            augment(wide, {}, kEveryAugmentation, {.seed = 3}).to_vector<float>());
  EXPECT_EQ(tta_variants(narrow, {}, kEveryAugmentation, 3, 5).to_vector<float>(),
            tta_variants(wide, {}, kEveryAugmentation, 3, 5).to_vector<float>());
}

TEST(Pcm, AClipHasOneIdInBothTypes) {
  const Both clips;
  EXPECT_EQ(content_ids(clips.narrow).to_vector<int64_t>(), content_ids(clips.wide).to_vector<int64_t>());
  clips.wide.span<float>()[7000] += 1e-6f;
  EXPECT_EQ(content_ids(clips.narrow).to_vector<int64_t>()[0], content_ids(clips.wide).to_vector<int64_t>()[0]);
  EXPECT_NE(content_ids(clips.narrow).to_vector<int64_t>()[1], content_ids(clips.wide).to_vector<int64_t>()[1]);
}

}  // namespace
}  // namespace cudenza::testing
