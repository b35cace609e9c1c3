/// Augmented clips against the formulas written out, and that nothing but seed, round and clip decides what happens to a clip.
#include "engine/audio/augment.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <functional>
#include <numeric>
#include <random>

#include "engine/core/gpu.h"
#include "kernels/augment/augment_math.h"
#include "kernels/spec_augment/spec_augment_math.h"
#include "tests/support/compare.h"
#include "tests/support/statistics.h"

namespace cudenza::testing {
namespace {

using kernels::Rounds;
using Rows = std::vector<int64_t>;

/// Noise of deviation 0.1 and mean 0.02, as i16 samples hold it.
std::vector<int16_t> sound(int64_t count) {
  std::mt19937 random(4);
  std::normal_distribution<double> normal(0.02, 0.1);
  std::vector<int16_t> x(static_cast<size_t>(count));
  for (int16_t& v : x) v = static_cast<int16_t>(std::lround(std::clamp(normal(random), -1.0, 0.99) * 32768));
  return x;
}

Tensor pcm_of(int64_t clips, int64_t samples) { return Tensor::from(sound(clips * samples), {clips, samples}); }
Tensor rows_of(const Rows& rows) { return Tensor::from(rows, {static_cast<int64_t>(rows.size())}); }
Tensor epoch_of(uint32_t epoch) { return Tensor::from(std::vector{epoch}, {1}); }

/// Everything at once, everything often.
constexpr AugmentSpec kAll{.shift_p = 0.7,
                           .shift_max = 0.3,
                           .noise_p = 0.7,
                           .noise_max = 0.5,
                           .gain_p = 0.7,
                           .gain_db = 6,
                           .cutout_p = 0.7,
                           .cutout_max = 0.3};

double deviation_of(const std::vector<float>& x) {
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
  double squares = 0;
  for (const double v : x) squares += (v - mean) * (v - mean);
  return std::sqrt(squares / static_cast<double>(x.size() - 1));
}

/// The kernel's rule for `spec`, as the formulas of augment.h say it.
kernels::AugmentRule rule_for(const AugmentSpec& spec, int32_t samples) {
  const int32_t length = spec.crop > 0 ? static_cast<int32_t>(spec.crop) : samples, spare = samples - length;
  const auto chance = [](double p) { return static_cast<uint32_t>(std::ceil(p * 16777216)); };
  kernels::AugmentRule rule{.samples = samples, .length = length};
  rule.crop_first = spare < 0 ? spare / 4 : 0, rule.crop_places = std::abs(spare) / 4 + 1;
  rule.shift_chance = chance(spec.shift_p), rule.shift_most = static_cast<int32_t>(spec.shift_max * samples / 4);
  rule.noise_chance = chance(spec.noise_p), rule.noise_most = static_cast<float>(spec.noise_max);
  rule.gain_chance = chance(spec.gain_p), rule.gain_most = static_cast<float>(spec.gain_db / 20 * std::log(10));
  rule.cutout_chance = chance(spec.cutout_p), rule.cutout_most = static_cast<int32_t>(spec.cutout_max * length);
  return rule;
}

/// One augmented clip (full scale 1) by the formula, sample after sample, in double.
std::vector<double> by_formula(const std::vector<float>& x, const AugmentSpec& spec, const kernels::ClipKey& key) {
  const kernels::AugmentRule rule = rule_for(spec, static_cast<int32_t>(x.size()));
  const kernels::ClipPlan plan = kernels::plan_of(rule, key);
  const double deviation = deviation_of(x);
  const int64_t circle = (std::max<int64_t>(rule.samples, rule.length) + 3) / 4 * 4;
  std::vector<double> y(static_cast<size_t>(rule.length));
  for (int64_t i = 0; i < rule.length; ++i) {
    const auto at = static_cast<size_t>((4 * plan.start + i) % circle);
    const auto random = kernels::clip_words(key, kernels::Purpose::noise, static_cast<uint32_t>(i / 4));
    const auto pair = kernels::normal_pair(random.word[i % 4 / 2 * 2], random.word[i % 4 / 2 * 2 + 1]);
    const double normal = i % 2 ? pair.second : pair.first, sample = at < x.size() ? static_cast<double>(x[at]) : 0;
    y[static_cast<size_t>(i)] = plan.gain * (sample + plan.level * deviation * normal);
    if (i >= plan.cut_begin && i < plan.cut_end) y[static_cast<size_t>(i)] = 0;
  }
  return y;
}

struct Case {
  int64_t samples, crop;
  bool i16;
};

class AugmentFormula : public ::testing::TestWithParam<Case> {};

// Rows that begin on a pack's border and rows that do not, shorter and longer than a piece, cropped, and lengthened by silence.
TEST_P(AugmentFormula, Holds) {
  const auto [samples, crop, is_i16] = GetParam();
  const Tensor stored = pcm_of(5, samples), whole = stored.to(DType::f32);
  for (float& v : whole.span<float>()) v /= 32768;
  AugmentSpec spec = kAll;
  spec.crop = crop;
  const ResidentClips clips(is_i16 ? stored : whole);
  const Rows rows{3, 0, 0, 4, 1, 2};
  for (const uint32_t epoch : {0u, 1u, 2u}) {
    const Tensor y = augment(clips, rows_of(rows), spec, {.seed = 8, .epoch = epoch_of(epoch)});
    ASSERT_EQ(y.shape(), (Shape{6, crop > 0 ? crop : samples}));
    for (size_t b = 0; b < rows.size(); ++b) {
      const std::vector<float> x = whole.slice(rows[b] * samples, {samples}).to_vector<float>();
      const auto expected =
          by_formula(x, spec, {.seed = 8, .rounds = Rounds::epochs, .round = epoch, .clip = static_cast<uint32_t>(rows[b])});
      EXPECT_TRUE(is_close(y.slice(static_cast<int64_t>(b) * y.size(1), {y.size(1)}), Tensor::from(expected, {y.size(1)}),
                           against_f64(DType::f32)))
          << "epoch " << epoch << ", clip " << rows[b];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, AugmentFormula,
                         ::testing::Values(Case{4000, 0, true}, Case{4000, 0, false}, Case{5003, 0, true}, Case{10, 0, true},
                                           Case{3, 0, false}, Case{9001, 2050, true}, Case{9001, 2050, false},
                                           Case{801, 3003, true}));

TEST(Augment, LargeBatchesAreTheSameAsSmallOnes) {
  const int64_t samples = 1'000'003;  // six of these are streamed past the cache, one is not
  const ResidentClips clips(pcm_of(6, samples));
  const Tensor all = augment(clips, {}, kAll, {.seed = 3});
  for (int64_t row = 0; row < 6; ++row) {
    const Tensor one = augment(clips, rows_of({row}), kAll, {.seed = 3});
    EXPECT_EQ(one.to_vector<float>(), all.slice(row * samples, {samples}).to_vector<float>()) << row;
  }
}

TEST(Augment, IdsNameTheClipsWhereverTheyLie) {
  const Tensor pcm = pcm_of(4, 2000);
  const ResidentClips clips(pcm), part(pcm.slice(4000, {2, 2000}), rows_of({2, 3}));
  EXPECT_EQ(augment(part, {}, kAll, {.seed = 3}).to_vector<float>(),
            augment(clips, rows_of({2, 3}), kAll, {.seed = 3}).to_vector<float>());
}

TEST(Augment, NumberOfThreadsChangesNothing) {
  const ResidentClips clips(pcm_of(3, 30'000));
  const auto run = [&](int threads) {
    const int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    const auto y = tta_variants(clips, {}, kAll, 3, 2).to_vector<float>();
    omp_set_num_threads(before);
    return y;
  };
  EXPECT_EQ(run(1), run(3));
}

TEST(Augment, SeedsAndEpochsDrawAnew) {
  const ResidentClips clips(pcm_of(2, 2000));
  AugmentSpec spec;
  spec.noise_p = 1;
  const auto draw = [&](uint64_t seed, uint32_t epoch) {
    return augment(clips, {}, spec, {.seed = seed, .epoch = epoch_of(epoch)}).to_vector<float>();
  };
  EXPECT_EQ(draw(1, 1), draw(1, 1));
  EXPECT_NE(draw(1, 1), draw(1, 2));
  EXPECT_NE(draw(1, 1), draw(2, 1));
  EXPECT_EQ(draw(1, 0), augment(clips, {}, spec, {.seed = 1}).to_vector<float>());
}

TEST(Augment, NoiseIsNormalWithThePlansDeviation) {
  constexpr int64_t kSamples = 200'000;
  const ResidentClips clips(pcm_of(1, kSamples));
  const AugmentSpec spec{.noise_p = 1, .cutout_p = 0};
  const auto plain = take_clips(clips, {}).to_vector<float>(), noisy = augment(clips, {}, spec, {.seed = 5}).to_vector<float>();
  const kernels::ClipPlan plan = kernels::plan_of(rule_for(spec, kSamples), {5, Rounds::epochs, 0, 0});
  const double deviation = plan.level * deviation_of(plain);
  std::vector<double> noise;
  for (size_t i = 0; i < plain.size(); ++i)
    noise.push_back((static_cast<double>(noisy[i]) - static_cast<double>(plain[i])) / deviation);
  const auto [mean, variance] = mean_and_variance(noise);
  EXPECT_NEAR(mean, 0, 5 / std::sqrt(kSamples));
  EXPECT_NEAR(variance, 1, 5 * std::sqrt(2.0 / kSamples));
  EXPECT_LT(ks_statistic(noise, [](double v) { return 0.5 * std::erfc(-v / std::sqrt(2.0)); }), kKsBound);
}

TEST(Augment, ConstantClipsStayWithoutNoise) {
  const ResidentClips clips(Tensor::full({1, 100}, 0.25, DType::f32));
  const auto y = augment(clips, {}, {.noise_p = 1, .cutout_p = 0}, {.seed = 5}).to_vector<float>();
  for (const float v : y) EXPECT_EQ(v, 0.25f);
}

TEST(TakeClips, GivesTheMiddle) {
  const Tensor pcm = pcm_of(3, 1003);
  const ResidentClips clips(pcm);
  const auto x = pcm.to_vector<float>(), all = take_clips(clips, rows_of({2})).to_vector<float>(),
             middle = take_clips(clips, rows_of({2}), 500).to_vector<float>(),
             longer = take_clips(clips, rows_of({2}), 1103).to_vector<float>();
  for (size_t i = 0; i < 1003; ++i) ASSERT_EQ(all[i], x[2006 + i] / 32768);
  for (size_t i = 0; i < 500; ++i) ASSERT_EQ(middle[i], x[2006 + 248 + i] / 32768);
  for (size_t i = 0; i < 1103; ++i) ASSERT_EQ(longer[i], i >= 48 && i < 1051 ? x[2006 + i - 48] / 32768 : 0.0f) << i;
}

TEST(TtaVariants, AreWhatEachAloneWouldBe) {
  const ResidentClips clips(pcm_of(3, 3001));
  AugmentSpec spec = kAll;
  for (const int64_t crop : {0, 1500}) {
    spec.crop = crop;
    const Tensor many = tta_variants(clips, rows_of({2, 0}), spec, 6, 5);
    const int64_t size = 2 * clips.length(spec);
    ASSERT_EQ(many.shape(), (Shape{10, clips.length(spec)}));
    for (int v = 0; v < 5; ++v) {
      const Tensor one = tta_variants(clips, rows_of({2, 0}), spec, 6, 1, v);
      EXPECT_EQ(one.to_vector<float>(), many.slice(v * size, {size}).to_vector<float>()) << v;
    }
    EXPECT_NE(many.slice(0, {size}).to_vector<float>(), augment(clips, rows_of({2, 0}), spec, {.seed = 6}).to_vector<float>());
  }
}

/// The masked spectrogram by the definition.
std::vector<double> masked(std::vector<double> x, const kernels::MaskRule& rule, const kernels::ClipKey& key, double floor) {
  const kernels::Masks masks = kernels::masks_of(rule, key);
  const auto mean = [&](auto inside) {
    double sum = 0, count = 0;
    for (int m = 0; m < rule.bands; ++m)
      for (int f = 0; f < rule.frames; ++f)
        if (inside(m, f)) sum += std::max(x[static_cast<size_t>(m * rule.frames + f)], floor), ++count;
    return sum / count;
  };
  const double bands = mean([&](int m, int) { return masks.bands.has(m); }),
               frames = mean([&](int, int f) { return masks.frames.has(f); });
  for (int m = 0; m < rule.bands; ++m) {
    for (int f = 0; f < rule.frames; ++f) {
      double& value = x[static_cast<size_t>(m * rule.frames + f)];
      value = masks.frames.has(f) ? frames : (masks.bands.has(m) ? bands : value);
    }
  }
  return x;
}

TEST(SpecAugment, FillsEachBlockWithItsMean) {
  const ResidentClips clips(Tensor::zeros({4, 8}, DType::i16));
  const Tensor mel = make_inputs({{.shape = {3, 16, 50}}}, DType::f32)[0], floor = Tensor::full({3}, -0.5, DType::f32);
  const Rows rows{3, 1, 0};
  for (const bool has_floor : {false, true}) {
    for (const SpecMasks masks : {SpecMasks{}, {.frames = 0}, {.bands = 0}, {.frames = 100, .bands = 100}}) {
      const Tensor x = mel.clone();
      spec_augment({x, has_floor ? floor : Tensor()}, clips, rows_of(rows), masks, {.seed = 4, .epoch = epoch_of(7)});
      const kernels::MaskRule rule{16, 50, std::min(masks.bands, 16), std::min(masks.frames, 50)};
      for (size_t b = 0; b < 3; ++b) {
        const auto expected = masked(mel.slice(static_cast<int64_t>(b) * 800, {800}).to_vector<double>(), rule,
                                     {4, Rounds::epochs, 7, static_cast<uint32_t>(rows[b])}, has_floor ? -0.5 : -INFINITY);
        EXPECT_TRUE(
            is_close(x.slice(static_cast<int64_t>(b) * 800, {800}), Tensor::from(expected, {800}), against_f64(DType::f32)));
      }
    }
  }
}

TEST(SpecAugment, VariantsAreMaskedApart) {
  const ResidentClips clips(Tensor::zeros({2, 8}, DType::i16));
  const Tensor mel = make_inputs({{.shape = {6, 16, 50}}}, DType::f32)[0], all = mel.clone();
  spec_augment_variants({all, {}}, clips, {}, {}, 4, 3);
  for (int v = 0; v < 3; ++v) {
    const Tensor one = mel.slice(v * 1600, {2, 16, 50}).clone();
    spec_augment_variants({one, {}}, clips, {}, {}, 4, 1, v);
    EXPECT_EQ(one.to_vector<float>(), all.slice(v * 1600, {1600}).to_vector<float>());
  }
}

TEST(Augment, BothDevicesMakeTheSame) {
  CUDENZA_NEEDS_GPU();
  const Device gpu = Device::cuda();
  for (const auto& [samples, crop] : {std::pair<int64_t, int64_t>{40'000, 0}, {40'001, 0}, {40'001, 9003}, {2000, 4004}}) {
    const Tensor pcm = pcm_of(4, samples), rows = rows_of({3, 1, 1});
    AugmentSpec spec = kAll;
    spec.crop = crop;
    for (const DType dtype : {DType::i16, DType::f32}) {
      const ResidentClips here(pcm.to(dtype)), there(pcm.to(dtype).to(gpu));
      for (const uint32_t epoch : {0u, 5u}) {
        EXPECT_TRUE(is_close(augment(there, rows.to(gpu), spec, {.seed = 2, .epoch = epoch_of(epoch).to(gpu)}),
                             augment(here, rows, spec, {.seed = 2, .epoch = epoch_of(epoch)}), kernel_against_cpu(DType::f32)));
      }
      EXPECT_TRUE(is_close(tta_variants(there, rows.to(gpu), spec, 2, 8), tta_variants(here, rows, spec, 2, 8),
                           kernel_against_cpu(DType::f32)));
    }
  }
}

void expect_refused(const std::function<void()>& call, const std::string& part) {
  try {
    call();
    ADD_FAILURE() << "was not refused: " << part;
  } catch (const UsageError& e) {
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  }
}

TEST(Augment, RefusesWhatMakesNoSense) {
  const ResidentClips clips(pcm_of(2, 100));
  const auto with = [&](AugmentSpec spec) { augment(clips, {}, spec, {}); };
  expect_refused([&] { with({.noise_p = 1.5}); }, "noise_p is 1.5");
  expect_refused([&] { with({.noise_max = -1}); }, "noise_max is -1");
  expect_refused([&] { with({.cutout_max = 2}); }, "cutout_max is 2");
  expect_refused([&] { with({.shift_max = NAN}); }, "shift_max is nan");
  expect_refused([&] { with({.gain_db = 300}); }, "gain_db is 300");
  expect_refused([&] { with({.crop = -5}); }, "a crop of -5 samples");
  expect_refused([&] { augment(clips, rows_of({0, 2}), {}, {}); }, "row 2 is outside the set of 2 clips");
  expect_refused([&] { augment(clips, Tensor::zeros({2}, DType::f32), {}, {}); }, "rows must be i64 [B]");
  expect_refused([&] { augment(clips, {}, {}, {.epoch = Tensor::zeros({1}, DType::i64)}); }, "one u32");
  expect_refused([&] { tta_variants(clips, {}, {}, 1, 0); }, "choose 1 to 512");
  expect_refused([&] { ResidentClips(Tensor::zeros({2, 3}, DType::f64)); }, "must be i16 or f32 [R,samples]");
  expect_refused([&] { ResidentClips(pcm_of(2, 100), rows_of({1})); }, "ids must be i64 [2]");
  expect_refused([&] { spec_augment({Tensor::zeros({1, 2, 3}, DType::f32), {}}, clips, {}, {}, {}); }, "f32 [2,bands,frames]");
  expect_refused([&] { spec_augment({Tensor::zeros({2, 2, 3}, DType::f32), {}}, clips, {}, {.frames = -1}, {}); }, "choose 0");
}

}  // namespace
}  // namespace cudenza::testing
