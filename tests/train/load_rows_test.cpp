#include "engine/train/load_rows.h"

#include <gtest/gtest.h>

#include "tests/support/messages.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {
namespace {

TEST(LoadRows, SoundsWithNothingToHearAreLeftOutAndOddOnesNamed) {
  const ScratchFolder scratch;
  const auto path = [&](const char* name) { return scratch.path() / name; };
  const auto x = sine(440, 44100, 0.5);
  std::vector<float> opposite;
  for (const float value : x) opposite.insert(opposite.end(), {value, -value});
  write_wav(path("a.wav"), 44100, x);
  write_wav(path("b.wav"), 44100, {0.5f});  // one sample: none at 16 kHz
  write_sound(path("c.wav"), sound::kWav | sound::kPcm16, 44100, 2, opposite);
  Dataset dataset;
  for (const char* name : {"a.wav", "b.wav", "c.wav"}) dataset.items.push_back({.path = path(name), .label = 0, .split = {}});
  InputSpec spec{.clip_seconds = 0.5};
  spec.mel.sample_rate = 16000;
  const Rows rows = load_sound_rows(dataset, std::vector<int>{0, 1, 2}, spec);
  EXPECT_EQ(rows.item, (std::vector<int>{0, 2}));
  ASSERT_EQ(rows.bad.size(), 1u);
  expect_says(rows.bad[0], "b.wav: is too short: not one sample is left of it at 16000 Hz");
  ASSERT_EQ(rows.remarks.size(), 1u);
  expect_says(rows.remarks[0], "c.wav: is all zero when its channels are mixed: they cancel each other out");
}

}  // namespace
}  // namespace cudenza::testing
