/// The draws of a clip: how often things happen, and that what is chosen is chosen evenly.
#include <gtest/gtest.h>

#include <set>

#include "kernels/augment/augment_math.h"
#include "kernels/spec_augment/spec_augment_math.h"
#include "tests/support/statistics.h"

namespace cudenza::kernels {
namespace {

using namespace cudenza::testing;

constexpr int kClips = 100'000;
constexpr uint32_t kAlways = 1 << 24, kHalf = 1 << 23;

ClipKey key_of(uint32_t clip, uint32_t round = 0) { return {.seed = 17, .rounds = Rounds::epochs, .round = round, .clip = clip}; }

std::vector<ClipPlan> plans(const AugmentRule& rule) {
  std::vector<ClipPlan> all;
  for (uint32_t clip = 0; clip < kClips; ++clip) all.push_back(plan_of(rule, key_of(clip)));
  return all;
}

double share(const std::vector<ClipPlan>& all, bool (*holds)(const ClipPlan&)) {
  double count = 0;
  for (const ClipPlan& plan : all) count += holds(plan);
  return count / static_cast<double>(all.size());
}

TEST(ClipDraws, IntegersAreEvenToTheirEnds) {
  for (const int32_t n : {1, 7, 1000}) {
    EXPECT_EQ(uniform_below(0, n), 0);
    EXPECT_EQ(uniform_below(0xFFFFFFFF, n), n - 1);
  }
  std::vector<int> counts(7);
  for (uint64_t word = 0; word < (uint64_t{1} << 32); word += 10'007) ++counts[uniform_below(static_cast<uint32_t>(word), 7)];
  EXPECT_LT(chi_square_excess(counts), 0);  // the words are a grid: more even than chance
}

TEST(ClipDraws, ChancesAreExact) {
  EXPECT_FALSE(happens(0, 0));
  EXPECT_TRUE(happens(0xFFFFFFFF, kAlways));
  EXPECT_TRUE(happens(0x7FFFFFFF, kHalf));
  EXPECT_FALSE(happens(0x80000000, kHalf));
}

TEST(ClipDraws, EveryPartOfTheNameMatters) {
  const ClipKey key = key_of(1);
  std::set<uint32_t> words{clip_words(key, Purpose::plan, 0).word[0],       clip_words(key, Purpose::plan, 1).word[0],
                           clip_words(key, Purpose::noise, 0).word[0],      clip_words(key, Purpose::masks, 0).word[0],
                           clip_words(key_of(2), Purpose::plan, 0).word[0], clip_words(key_of(1, 2), Purpose::plan, 0).word[0]};
  words.insert(clip_words({18, Rounds::epochs, 0, 1}, Purpose::plan, 0).word[0]);
  words.insert(clip_words({17, Rounds::variants, 0, 1}, Purpose::plan, 0).word[0]);
  EXPECT_EQ(words.size(), 8u);
}

TEST(ClipPlan, NoiseComesWithItsProbabilityAndEvenLevels) {
  const auto all = plans({.samples = 1000, .length = 1000, .noise_chance = kHalf, .noise_most = 0.05f});
  EXPECT_NEAR(share(all, [](const ClipPlan& plan) { return plan.level > 0; }), 0.5, 5 * 0.5 / std::sqrt(kClips));
  std::vector<double> levels;
  for (const ClipPlan& plan : all) {
    if (plan.level > 0) levels.push_back(plan.level);
  }
  EXPECT_LT(ks_statistic(levels, [](double v) { return v / 0.05; }), kKsBound);
}

TEST(ClipPlan, CutOutHasEvenSizesAndEvenPlaces) {
  constexpr int kLength = 1000, kMost = 150;
  const auto all = plans({.samples = kLength, .length = kLength, .cutout_chance = kHalf, .cutout_most = kMost});
  std::vector<int> sizes(kMost);
  std::vector<double> places;
  for (const ClipPlan& plan : all) {
    const int size = plan.cut_end - plan.cut_begin;
    if (size == 0) continue;
    ASSERT_TRUE(size >= 1 && size <= kMost && plan.cut_begin >= 0 && plan.cut_end <= kLength);
    ++sizes[static_cast<size_t>(size - 1)];
    places.push_back((plan.cut_begin + 0.5) / (kLength - size + 1));  // a grid much finer than the bound sees
  }
  EXPECT_NEAR(static_cast<double>(places.size()) / kClips, 0.5, 5 * 0.5 / std::sqrt(kClips));
  EXPECT_LT(chi_square_excess(sizes), kChiSquareBound);
  EXPECT_LT(ks_statistic(places, [](double v) { return v; }), kKsBound);
}

TEST(ClipPlan, CropsBeginEverywhereThatFits) {
  const auto all = plans({.samples = 400, .length = 320, .crop_first = 0, .crop_places = 21});
  std::vector<int> counts(21);
  for (const ClipPlan& plan : all) ++counts.at(static_cast<size_t>(plan.start));
  EXPECT_LT(chi_square_excess(counts), kChiSquareBound);
}

TEST(ClipPlan, ShiftsGoEitherWayAndComeRound) {
  const auto all = plans({.samples = 400, .length = 400, .shift_chance = kAlways, .shift_most = 10});
  std::vector<int> counts(21);
  for (const ClipPlan& plan : all) ++counts.at(static_cast<size_t>((plan.start + 10) % 100));
  EXPECT_LT(chi_square_excess(counts), kChiSquareBound);
}

TEST(ClipPlan, GainIsEvenInDecibels) {
  const auto all = plans({.samples = 4, .length = 4, .gain_chance = kAlways, .gain_most = std::log(2.0f)});
  std::vector<double> decibels;
  for (const ClipPlan& plan : all) decibels.push_back(std::log2(plan.gain));
  EXPECT_LT(ks_statistic(decibels, [](double v) { return (v + 1) / 2; }), kKsBound);
}

TEST(ClipPlan, NothingHappensByAnEmptyRule) {
  for (const ClipPlan& plan : plans({.samples = 9, .length = 9})) {
    ASSERT_TRUE(plan.start == 0 && plan.cut_begin == 0 && plan.cut_end == 0 && plan.level == 0 && plan.gain == 1);
  }
}

TEST(ClipPlan, WhatHappensIsIndependent) {
  AugmentRule rule{.samples = 1000, .length = 1000, .shift_chance = kHalf, .shift_most = 100, .noise_chance = kHalf};
  rule.noise_most = 1, rule.cutout_chance = kHalf, rule.cutout_most = 150;
  const auto all = plans(rule);
  EXPECT_NEAR(share(all, [](const ClipPlan& plan) { return plan.level > 0 && plan.cut_end > 0; }), 0.25,
              5 * 0.433 / std::sqrt(kClips));
  EXPECT_NEAR(share(all, [](const ClipPlan& plan) { return plan.level > 0.5f && plan.cut_begin > 425; }), 0.25 * 0.5 * 0.5 * 1.0,
              0.01);
}

TEST(Masks, SizesAndPlacesAreEven) {
  const MaskRule rule{.bands = 128, .frames = 300, .bands_most = 10, .frames_most = 7};
  std::vector<int> bands(10), frames(7);
  std::vector<double> places;
  for (uint32_t clip = 0; clip < kClips; ++clip) {
    const Masks masks = masks_of(rule, key_of(clip));
    ++bands.at(static_cast<size_t>(masks.bands.size - 1)), ++frames.at(static_cast<size_t>(masks.frames.size - 1));
    ASSERT_TRUE(masks.frames.begin >= 0 && masks.frames.begin + masks.frames.size <= 300);
    ASSERT_TRUE(masks.bands.begin >= 0 && masks.bands.begin + masks.bands.size <= 128);
    places.push_back((masks.frames.begin + uniform_of(static_cast<uint32_t>(clip) * 2'654'435'761u)) / (301 - masks.frames.size));
  }
  EXPECT_LT(chi_square_excess(bands), kChiSquareBound);
  EXPECT_LT(chi_square_excess(frames), kChiSquareBound);
  EXPECT_LT(ks_statistic(places, [](double v) { return v; }), kKsBound);
}

TEST(Masks, AreNoneForSizeZero) {
  const Masks masks = masks_of({.bands = 5, .frames = 5}, key_of(1));
  EXPECT_EQ(masks.bands.size, 0);
  EXPECT_FALSE(masks.frames.has(0));
}

}  // namespace
}  // namespace cudenza::kernels
