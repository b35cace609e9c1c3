/// Normalisation and pictures against their formulas.
#include "engine/audio/picture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace cudenza::testing {
namespace {

constexpr int kBands = 6, kFrames = 50;

Tensor spectrograms(int64_t clips, int seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values(static_cast<size_t>(clips * kBands * kFrames));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = -40 + 12 * normal(random) + 3 * static_cast<double>(i / kFrames % kBands);
  return Tensor::from(values, {clips, kBands, kFrames});
}

PictureSpec same_size(int channels = 1) {
  return {.height = kBands, .width = kFrames, .channels = channels, .low_at_bottom = false};
}

struct Pair {
  double mean = 0, sigma = 0;
};
Pair pair_of(const std::vector<double>& values) {
  Pair pair;
  pair.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  for (const double value : values) pair.sigma += (value - pair.mean) * (value - pair.mean);
  pair.sigma = std::sqrt(pair.sigma / static_cast<double>(values.size()));
  return pair;
}

/// All values of one band of a batch.
std::vector<double> band_of(const Tensor& mel, int band) {
  const auto all = mel.to_vector<double>();
  std::vector<double> values;
  for (size_t i = 0; i < all.size(); ++i) {
    if (static_cast<int>(i / kFrames % kBands) == band) values.push_back(all[i]);
  }
  return values;
}

TEST(MelStatistics, BatchesMergeToTheWhole) {
  const Tensor all = spectrograms(9);
  MelStatistics in_batches;
  for (const auto& [first, count] : {std::pair<int64_t, int64_t>{0, 4}, {4, 2}, {6, 3}}) {
    in_batches.add(all.slice(first * kBands * kFrames, {count, kBands, kFrames}));
  }
  EXPECT_EQ(in_batches.clips(), 9);
  for (int b = 0; b < kBands; ++b) {
    const Pair expected = pair_of(band_of(all, b));
    EXPECT_NEAR(in_batches.mean()[b], expected.mean, 1e-11);
    EXPECT_NEAR(std::sqrt(in_batches.variance()[b]), expected.sigma, 1e-11);
  }
  const Pair expected = pair_of(all.to_vector<double>());
  EXPECT_NEAR(in_batches.global_mean(), expected.mean, 1e-11);
  EXPECT_NEAR(std::sqrt(in_batches.global_variance()), expected.sigma, 1e-11);
}

TEST(MelStatistics, SavedNumbersGoOnWhereTheyStopped) {
  const Tensor first = spectrograms(4, 1), second = spectrograms(3, 2);
  MelStatistics whole, half;
  whole.add(first);
  half.add(first);
  MelStatistics loaded(half.saved_clips(), half.saved_mean(), half.saved_variance());
  whole.add(second);
  loaded.add(second);
  EXPECT_EQ(loaded.clips(), whole.clips());
  EXPECT_EQ(loaded.mean(), whole.mean());
  EXPECT_EQ(loaded.variance(), whole.variance());
}

TEST(Picture, NormalisesAsEachNameSays) {
  const Tensor mel = spectrograms(3);
  MelStatistics statistics;
  statistics.add(mel);
  const auto x = mel.to_vector<double>();
  const auto normalised = [&](Normalize how) { return Picture(same_size(), how, &statistics)(mel).to_vector<double>(); };
  const auto none = normalised(Normalize::none), global = normalised(Normalize::global), bin = normalised(Normalize::bin),
             clip = normalised(Normalize::clip);
  const Pair all = pair_of(x);
  for (size_t i = 0; i < x.size(); ++i) {
    const Pair of_bin = pair_of(band_of(mel, static_cast<int>(i / kFrames % kBands)));
    const auto begin = x.begin() + static_cast<int64_t>(i / (kBands * kFrames)) * kBands * kFrames;
    const Pair of_clip = pair_of({begin, begin + kBands * kFrames});
    ASSERT_EQ(none[i], x[i]);
    ASSERT_NEAR(global[i], (x[i] - all.mean) / all.sigma, 1e-11);
    ASSERT_NEAR(bin[i], (x[i] - of_bin.mean) / of_bin.sigma, 1e-11);
    ASSERT_NEAR(clip[i], (x[i] - of_clip.mean) / of_clip.sigma, 1e-11);
  }
}

TEST(Picture, ImagenetScalesEachPictureAndItsChannels) {
  const Tensor mel = spectrograms(1);
  const auto x = mel.to_vector<double>(), y = Picture(same_size(3), Normalize::imagenet)(mel).to_vector<double>();
  const auto [least, most] = std::minmax_element(x.begin(), x.end());
  const double mean[] = {0.485, 0.456, 0.406}, std[] = {0.229, 0.224, 0.225};
  for (size_t i = 0; i < y.size(); ++i)
    ASSERT_NEAR(y[i], ((x[i / 3] - *least) / (*most - *least) - mean[i % 3]) / std[i % 3], 1e-11);
}

TEST(Picture, NormalisingAndResizingCommute) {
  const Tensor mel = spectrograms(2);
  MelStatistics statistics;
  statistics.add(mel);
  const PictureSpec small{.height = 9, .width = 17};
  const Tensor first = Picture(same_size(), Normalize::bin, &statistics)(mel).view({2, kBands, kFrames});
  const auto expected = Picture(small, Normalize::none)(first).to_vector<double>(),
             got = Picture(small, Normalize::bin, &statistics)(mel).to_vector<double>();
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], 1e-11);
}

TEST(Picture, ChannelsAreEqualAndLowFrequenciesAtTheBottom) {
  std::vector<double> rising(kBands * kFrames);
  for (size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<double>(i / kFrames);
  const auto y =
      Picture({.height = 12, .width = 10}, Normalize::none)(Tensor::from(rising, {1, kBands, kFrames})).to_vector<double>();
  for (size_t i = 0; i < y.size(); i += 3) EXPECT_TRUE(y[i] == y[i + 1] && y[i] == y[i + 2]);
  EXPECT_NEAR(y.front(), kBands - 1, 1e-12);
  EXPECT_NEAR(y.back(), 0, 1e-12);
}

TEST(Picture, FollowsF64InEveryType) {
  const Tensor mel = spectrograms(2);
  for (const Normalize how : {Normalize::none, Normalize::clip, Normalize::imagenet}) {
    const auto exact = Picture({.height = 24, .width = 30}, how)(mel).to_vector<double>();
    for (const auto& [dtype, relative] : {std::pair{DType::f32, 2e-6}, {DType::f16, 2e-3}, {DType::bf16, 8e-3}}) {
      const auto got = Picture({.height = 24, .width = 30, .dtype = dtype}, how)(mel.to(DType::f32)).to_vector<double>();
      for (size_t i = 0; i < got.size(); ++i)
        ASSERT_NEAR(got[i], exact[i], relative * (std::abs(exact[i]) + 1)) << name_of(dtype);
    }
  }
}

TEST(Picture, FusedWayIsTheSame) {
  std::mt19937 random(4);
  std::uniform_real_distribution<float> uniform(-0.1f, 0.1f);
  std::vector<float> samples(2 * 6000);
  for (size_t i = 0; i < samples.size(); ++i)
    samples[i] = i % 6000 < 3000 ? 0 : uniform(random);  // a silent half, which top_db lifts
  const Tensor pcm = Tensor::from(samples, {2, 6000});
  const LogMel log_mel(MelSpec::preset("seed"));
  for (const Normalize how : {Normalize::none, Normalize::clip, Normalize::imagenet}) {
    const Picture picture({.height = 30, .width = 9}, how);
    EXPECT_EQ(mel_picture(log_mel, picture, pcm).to_vector<float>(), picture(log_mel(pcm)).to_vector<float>());
  }
}

TEST(Picture, AConstantClipBecomesZeros) {
  const Tensor mel = Tensor::full({1, kBands, kFrames}, -100, DType::f32);
  for (const float value : Picture(same_size(), Normalize::clip)(mel).to_vector<float>()) ASSERT_EQ(value, 0.0f);
}

TEST(Picture, ErrorsNameTheRemedy) {
  EXPECT_THROW(Picture({}, Normalize::global), UsageError);
  EXPECT_THROW(Picture({.channels = 1}, Normalize::imagenet), UsageError);
  EXPECT_THROW(Picture({.dtype = DType::i64}, Normalize::none), UsageError);
  EXPECT_THROW(normalize_from_name("minmax"), UsageError);
  MelStatistics statistics;
  statistics.add(spectrograms(1));
  EXPECT_THROW(Picture({}, Normalize::bin, &statistics)(Tensor::zeros({1, kBands + 1, 9}, DType::f32)), UsageError);
  EXPECT_THROW(statistics.add(Tensor::zeros({1, kBands + 1, 9}, DType::f32)), UsageError);
  EXPECT_EQ(normalize_from_name("bin"), Normalize::bin);
}

}  // namespace
}  // namespace cudenza::testing
