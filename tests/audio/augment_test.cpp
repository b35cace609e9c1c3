/// Augmented clips against the plain loops, and that nothing but seed, round and clip decides what happens to a clip.
#include "engine/audio/augment.h"

#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <random>

#include "engine/core/gpu.h"
#include "kernels/augment/augment_math.h"
#include "kernels/spec_augment/spec_augment_math.h"
#include "tests/support/augmented.h"
#include "tests/support/compare.h"
#include "tests/support/statistics.h"
#include "tests/support/thread_count.h"

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

constexpr AugmentSpec kAll = kEveryAugmentation;

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
    const Tensor expected = augmented(clips.pcm(), rows, spec, {.seed = 8, .rounds = Rounds::epochs, .first = epoch});
    EXPECT_TRUE(is_close(y, expected, against_f64(DType::f32))) << "epoch " << epoch;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, AugmentFormula,
                         ::testing::Values(Case{4000, 0, true}, Case{4000, 0, false}, Case{5003, 0, true}, Case{10, 0, true},
                                           Case{3, 0, false}, Case{9001, 2050, true}, Case{9001, 2050, false},
                                           Case{801, 3003, true}));

// So large that they are streamed past the cache; no row but the first begins on a border of what is streamed.
TEST(Augment, LargeBatchesFollowTheFormula) {
  for (const DType dtype : {DType::i16, DType::f32}) {
    const Tensor pcm = pcm_of(6, 800'003).to(dtype);
    EXPECT_TRUE(is_close(augment(ResidentClips(pcm), {}, kAll, {.seed = 3}),
                         augmented(pcm, {}, kAll, {.seed = 3, .rounds = Rounds::epochs}), against_f64(DType::f32)));
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
    const ThreadCount count(threads);
    return tta_variants(clips, {}, kAll, 3, 2).to_vector<float>();
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
  const double deviation = plan.level * std::sqrt(mean_and_variance({plain.begin(), plain.end()}).variance);
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

TEST(SpecAugment, FillsEachBlockWithItsMean) {
  const ResidentClips clips(Tensor::zeros({4, 8}, DType::i16));
  const Tensor mel = make_inputs({{.shape = {3, 16, 50}}}, DType::f32)[0], floor = Tensor::full({3}, -0.5, DType::f32);
  const Rows rows{3, 1, 0};
  for (const bool has_floor : {false, true}) {
    for (const SpecMasks masks : {SpecMasks{}, {.frames = 0}, {.bands = 0}, {.frames = 100, .bands = 100}}) {
      const Tensor x = mel.clone();
      spec_augment({x, has_floor ? floor : Tensor()}, clips, rows_of(rows), masks, {.seed = 4, .epoch = epoch_of(7)});
      const kernels::MaskRule rule{16, 50, std::min(masks.bands, 16), std::min(masks.frames, 50)};
      const Tensor expected = mel.clone();
      kernels::spec_augment(kernels::Reference{}, rule, {.rows = rows.data(), .set = 4}, {4, Rounds::epochs, nullptr, 7},
                            has_floor ? floor.data<float>() : nullptr, expected.data<float>(), 3);
      EXPECT_EQ(x.to_vector<float>(), expected.to_vector<float>());
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
