#include "engine/data/fingerprint.h"

#include <gtest/gtest.h>

#include <bit>

#include "engine/audio/resample.h"
#include "engine/data/synth/synth.h"
#include "tests/data/files.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {
namespace {

constexpr int kRate = kSynthRate;

std::vector<float> music(int genre, int index, double seconds) {
  std::vector<float> x;
  for (const int16_t sample : synth_clip(1, genre, index, seconds)) x.push_back(static_cast<float>(sample) / 32768);
  return x;
}

/// The fingerprint of samples written in some format.
Fingerprint printed(const std::vector<float>& x, int rate, int format = sound::kWav | sound::kPcm16) {
  const ScratchFolder folder;
  EXPECT_TRUE(write_sound(folder / "x", format, rate, 1, x));
  return fingerprint_of(folder / "x");
}

std::vector<SoundMatch> matches(const Fingerprint& a, const Fingerprint& b) {
  const Fingerprint both[] = {a, b};
  return find_matches(both);
}

TEST(Fingerprint, FormatRateAndLevelDoNotCount) {
  const std::vector<float> x = music(3, 0, 8);
  const Fingerprint print = printed(x, kRate);
  EXPECT_NEAR(print.seconds(), 8 - Fingerprint::kWindowSeconds, 0.02);
  std::vector<float> quiet = x;
  for (float& value : quiet) value *= 0.05f;
  for (const Fingerprint& other : {printed(x, kRate, sound::kOgg | sound::kVorbis), printed(quiet, kRate),
                                   printed(resample(x, kRate, 48000), 48000), printed(resample(x, kRate, 8000), 8000)}) {
    const auto found = matches(print, other);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_GT(found[0].coverage_a, 0.95);
    EXPECT_LT(found[0].differing, 0.2);
    EXPECT_NEAR(found[0].offset, 0, 0.03);
  }
}

TEST(Fingerprint, ExcerptsAreFoundWhereTheyBegin) {
  const std::vector<float> x = music(5, 1, 12);
  const std::vector<float> part(x.begin() + 70000, x.begin() + 70000 + 2 * kRate);
  const auto found = matches(printed(x, kRate), printed(part, kRate));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NEAR(found[0].offset, 70000.0 / kRate, 0.03);
  EXPECT_EQ(found[0].coverage_b, 1);
  EXPECT_NEAR(found[0].coverage_a, 1.6 / 11.6, 0.02);
}

TEST(Fingerprint, ASharedStretchIsFound) {
  const std::vector<float> a = music(7, 2, 10);
  std::vector<float> b(a.begin() + 6 * kRate, a.end());  // four seconds of a, then something else
  const std::vector<float> other = music(8, 3, 6);
  b.insert(b.end(), other.begin(), other.end());
  const auto found = matches(printed(a, kRate), printed(b, kRate));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NEAR(found[0].seconds, 4, 0.8);
  EXPECT_NEAR(found[0].offset, 6, 0.03);
}

TEST(Fingerprint, DifferentClipsOfOneGenreDiffer) {
  std::vector<Fingerprint> prints;
  for (int i = 0; i < 30; ++i) prints.push_back(printed(music(i % 10, i, 6), kRate));
  EXPECT_TRUE(find_matches(prints).empty());
}

TEST(Fingerprint, SilenceIsLikeNothing) {
  const Fingerprint silence = printed(std::vector<float>(5 * kRate), kRate);
  EXPECT_TRUE(matches(silence, silence).empty());
  EXPECT_TRUE(printed(std::vector<float>(1000), kRate).words.empty()) << "shorter than a window";
  EXPECT_TRUE(fingerprint_of("/nowhere/x.wav").words.empty());
}

TEST(Fingerprint, LongFilesAreReadInBlocks) {
  // Longer than a block of 4096 frames (49 s): words must go on over its border as if there were none.
  const std::vector<float> x = music(6, 4, 56);
  const Fingerprint whole = printed(x, kRate);
  EXPECT_NEAR(whole.seconds(), 56 - Fingerprint::kWindowSeconds, 0.03);
  const size_t begin = static_cast<size_t>(40 / Fingerprint::kSecondsPerFrame) / 4 * 4;
  const auto samples = static_cast<ptrdiff_t>(static_cast<double>(begin) * Fingerprint::kSecondsPerFrame * kRate);
  const Fingerprint tail = printed({x.begin() + samples, x.end()}, kRate);
  int differing = 0;
  for (size_t i = 200; i + 200 < tail.words.size(); ++i) differing += std::popcount(tail.words[i] ^ whole.words[begin + i]);
  EXPECT_LT(differing, 0.06 * 32 * static_cast<double>(tail.words.size()));
}

}  // namespace
}  // namespace cudenza::testing
