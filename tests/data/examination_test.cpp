/// What the doctor says of single sounds that can be used, but hardly as they are.
#include "engine/data/examination.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "tests/support/content_of.h"
#include "tests/support/messages.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {
namespace {

using Problems = std::vector<std::pair<Problem, std::string>>;

class ExaminationTest : public ::testing::Test {
 protected:
  std::filesystem::path path() const { return scratch_.path() / "a.wav"; }
  Problems problems_of(int channels, const std::vector<float>& interleaved) const {
    write_sound(path(), sound::kWav | sound::kFloat, 22050, channels, interleaved);
    return examine_file(Media::sound, path()).problems;
  }

  ScratchFolder scratch_;
};

TEST_F(ExaminationTest, ChannelsThatNearlyCancelOut) {
  std::vector<float> both;
  for (const float x : sine(440, 22050, 1)) both.insert(both.end(), {x, -0.99f * x});
  EXPECT_EQ(problems_of(2, both),
            (Problems{{Problem::silent, "never gets above -52 dBFS when its channels are mixed: they cancel each other out"}}));
}

TEST_F(ExaminationTest, SamplesOfAnotherRange) {
  EXPECT_EQ(problems_of(1, sine(440, 22050, 1, 20000)),
            (Problems{{Problem::clipped, "holds samples up to 20000 times full scale"}}));
}

/// Music may have a few samples at its peak.
TEST_F(ExaminationTest, FloatsBeyondFullScaleAreClippedOnlyIfTheyWereCutOff) {
  std::vector<float> whole = sine(440, 22050, 1, 1.9), cut = whole, at_one = whole, loud = sine(440, 22050, 1, 1.0);
  for (float& x : cut) x = 1.9F * std::clamp(x, -1.0F, 1.0F);
  for (float& x : at_one) x = std::clamp(x, -1.0F, 1.0F);
  EXPECT_EQ(problems_of(1, whole), Problems());
  EXPECT_EQ(problems_of(1, loud), Problems());
  Problems problems = problems_of(1, cut);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].first, Problem::clipped);
  expect_says(problems[0].second, "% of its samples are at its peak, 1.9 times full scale");
  problems = problems_of(1, at_one);
  ASSERT_EQ(problems.size(), 1u);
  expect_says(problems[0].second, "% of its samples are at full scale");
}

TEST_F(ExaminationTest, QuietFloatsAreSilentAtTheSameLevelAsOthers) {
  EXPECT_EQ(problems_of(1, std::vector<float>(22050, 1.001e-3F)), Problems());
  EXPECT_EQ(problems_of(1, std::vector<float>(22050, 1e-3F)), (Problems{{Problem::silent, "never gets above -60 dBFS"}}));
  EXPECT_EQ(problems_of(1, sine(440, 22050, 1, 1e-7)), (Problems{{Problem::silent, "never gets above -140 dBFS"}}));
}

// It was said to be all zero, though only its mix is.
TEST_F(ExaminationTest, QuietChannelsThatCancelOut) {
  std::vector<float> both;
  for (const float x : sine(440, 22050, 1, 1e-4)) both.insert(both.end(), {x, -x});
  EXPECT_EQ(problems_of(2, both),
            (Problems{{Problem::silent, "is all zero when its channels are mixed: they cancel each other out"}}));
}

TEST_F(ExaminationTest, BytesThatAreNotHeard) {
  write_wav(path(), 22050, sine(440, 22050, 1));
  const std::string wav = content_of(path());
  std::ofstream(path(), std::ios::binary) << with_little_endian(wav, 40, 22050);  // half of what is there
  const Examination found = examine_file(Media::sound, path());
  EXPECT_EQ(found.problems,
            (Problems{{Problem::unheard, "22050 bytes behind the sound that its header promises are not heard"}}));
  EXPECT_TRUE(found.facts.usable);
  EXPECT_FALSE(is_fatal(Problem::unheard));
  EXPECT_EQ(name_of(Problem::unheard), "unheard");
  EXPECT_EQ(name_of(Problem::empty_class), "empty_class");
}

}  // namespace
}  // namespace cudenza::testing
