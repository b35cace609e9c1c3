/// What the doctor says of single sounds that can be used, but hardly as they are.
#include "engine/data/examination.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/content_of.h"
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
