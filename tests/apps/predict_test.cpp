/// cudenza predict: files with nothing to hear, odd sounds among good ones, and what comes in on stdin.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/content_of.h"
#include "tests/support/messages.h"
#include "tests/support/program.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/sounds.h"
#include "tests/support/untrained_model.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

class PredictTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    models_ = std::make_unique<ScratchFolder>();
    write_untrained_model(models_->path() / "best.h5");
  }
  static void TearDownTestSuite() { models_.reset(); }

  fs::path at(const std::string& name) const { return scratch_.path() / name; }
  void write(const std::string& name, int channels, const std::vector<float>& interleaved) const {
    fs::create_directories(at(name).parent_path());
    ASSERT_TRUE(write_sound(at(name), sound::kWav | sound::kFloat, 44100, channels, interleaved));
  }
  /// `where` stands before the program's name, as "TMPDIR=/none" does; `inputs` may send stdin.
  static Ran predict(const std::string& inputs, const std::string& where = "") {
    return run_command(fmt::format("{} '{}' predict '{}' --device cpu", where, program_under_test(), models_->path().string()),
                       inputs);
  }
  std::string quoted(const std::string& name) const { return '\'' + at(name).string() + '\''; }
  std::vector<fs::path> left_in(const std::string& folder) const {
    return {fs::directory_iterator(at(folder)), fs::directory_iterator()};
  }

  ScratchFolder scratch_;
  static inline std::unique_ptr<ScratchFolder> models_;
};

TEST_F(PredictTest, AFileWithNothingToHearCostsNoOther) {
  write("x/a.wav", 1, sine(440, 44100, 1.5));
  write("x/b.wav", 1, {0.5f});  // at the model's rate no sample is left of it
  write("x/c.wav", 1, sine(880, 44100, 0.5));
  const Ran folder = predict("--format json " + quoted("x"));
  ASSERT_EQ(folder.status, 0) << folder.err;
  const auto found = nlohmann::json::parse(folder.out);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0]["file"], at("x/a.wav").string());
  EXPECT_EQ(found[0]["seconds"], 1.5);
  EXPECT_EQ(found[1]["file"], at("x/c.wav").string());
  expect_says(folder.err, at("x/b.wav").string() + ": is too short: not one sample is left of it at 16000 Hz");
  const Ran alone = predict(quoted("x/b.wav"));
  EXPECT_EQ(alone.status, 3);
  expect_says(alone.err, "b.wav: is too short");
  EXPECT_EQ(predict("--strict " + quoted("x")).status, 3);
}

TEST_F(PredictTest, WhatIsHardlyMeantIsWarnedOf) {
  std::vector<float> opposite;
  for (const float x : sine(440, 44100, 1)) opposite.insert(opposite.end(), {x, -x});
  write("opposite.wav", 2, opposite);
  write("large.wav", 1, sine(440, 44100, 1, 20000));
  write("good.wav", 1, sine(440, 44100, 1));
  const Ran ran = predict(fmt::format("{} {} {}", quoted("opposite.wav"), quoted("large.wav"), quoted("good.wav")));
  ASSERT_EQ(ran.status, 0) << ran.err;
  expect_says(ran.err, fmt::format("cudenza: warning: {}: is all zero when its channels are mixed", at("opposite.wav").string()));
  expect_says(ran.err, fmt::format("cudenza: warning: {}: holds samples up to 20000 times full scale", at("large.wav").string()));
  EXPECT_EQ(ran.err.find("good.wav"), std::string::npos) << ran.err;
}

TEST_F(PredictTest, StdinLeavesNothingBehind) {
  write("a.wav", 1, sine(440, 44100, 1));
  fs::create_directory(at("tmp"));
  const std::string where = "TMPDIR=" + quoted("tmp");
  Ran by_name = predict("--format csv " + quoted("a.wav"));
  const Ran ran = predict("--format csv - <" + quoted("a.wav"), where);
  ASSERT_EQ(ran.status, 0) << ran.err;
  const std::string name = at("a.wav").string();
  ASSERT_NE(by_name.out.find(name), std::string::npos) << by_name.out;
  EXPECT_EQ(ran.out, by_name.out.replace(by_name.out.find(name), name.size(), "-"));
  EXPECT_TRUE(left_in("tmp").empty());
  std::ofstream(at("words.wav")) << "words and words";
  const Ran text = predict("- <" + quoted("words.wav"), where);
  EXPECT_EQ(text.status, 3);
  expect_says(text.err, "cudenza: stdin: is text, not sound");
}

TEST_F(PredictTest, TheCopyOfStdinHasNoName) {  // so that it cannot stay behind, however the program ends
  fs::create_directory(at("tmp"));
  // More than a pipe holds: when all is sent, the copy has been begun.
  const Ran ran =
      run_command("sh -c", fmt::format("\"(head -c 300000 /dev/zero; ls {0} >{1}) | TMPDIR={0} '{2}' predict '{3}' -\"",
                                       quoted("tmp"), quoted("listed"), program_under_test(), models_->path().string()));
  EXPECT_EQ(ran.status, 3);
  expect_says(ran.err, "cudenza: stdin: is no sound file");
  EXPECT_TRUE(fs::exists(at("listed")));
  EXPECT_EQ(content_of(at("listed")), "");
}

TEST_F(PredictTest, NoRoomForStdinIsThree) {
  write("a.wav", 1, sine(440, 44100, 1));
  const Ran missing = predict("- <" + quoted("a.wav"), "TMPDIR=/nowhere");
  EXPECT_EQ(missing.status, 3);
  expect_says(missing.err, "/nowhere: cannot hold a copy of stdin");
  const Ran full = run_command("sh -c", fmt::format("\"trap '' XFSZ; ulimit -f 10; '{}' predict '{}' - <{}\"",
                                                    program_under_test(), models_->path().string(), quoted("a.wav")));
  EXPECT_EQ(full.status, 3);
  expect_says(full.err, "cannot hold a copy of stdin");
}

TEST_F(PredictTest, APipeAmongTheFilesHoldsNothingUp) {
  write("x/a.wav", 1, sine(440, 44100, 1));
  ASSERT_EQ(mkfifo(at("x/b.wav").c_str(), 0600), 0);
  const Ran ran = predict(fmt::format("{} {}", quoted("x/a.wav"), quoted("x/b.wav")), "timeout 20");
  EXPECT_EQ(ran.status, 0) << ran.err;
  expect_says(ran.err, "b.wav: is no regular file");
}

TEST_F(PredictTest, NumbersThatAreNoneNameTheirOption) {
  write("a.wav", 1, sine(440, 44100, 1));
  for (const char* option : {"--window", "--hop"}) {
    for (const char* value : {"nan", "inf", "-inf", "1e300", "0", "-1", "1e-9"}) {
      const Ran ran = predict(fmt::format("{}={} {}", option, value, quoted("a.wav")));
      EXPECT_EQ(ran.status, 2) << option << ' ' << value;
      expect_says(ran.err, option);
    }
  }
}

/// Every option of every verb that takes a fraction.
TEST(FiniteNumbers, AreAskedForByEveryVerb) {
  const std::pair<std::string, std::vector<std::string>> verbs[] = {
      {"train data",
       {"--lr", "--weight-decay", "--max-norm", "--mixup", "--label-smoothing", "--drop-path", "--ema", "--gain", "--shift",
        "--crop", "--clip"}},
      {"lr-find data", {"--lr", "--mixup", "--clip"}},
      {"eval run data", {"--beta"}},
      {"features a.wav --out x.h5", {"--fmin", "--fmax", "--top-db"}},
      {"synth out", {"--seconds"}},
      {"doctor data", {"--min-seconds"}},
  };
  for (const auto& [verb, options] : verbs) {
    for (const std::string& option : options) {
      for (const char* value : {"nan", "inf", "-NaN", "-inf"}) {
        const Ran ran = run_program(fmt::format("{} {}={}", verb, option, value));
        EXPECT_EQ(ran.status, 2) << verb << ' ' << option << ' ' << value << ": " << ran.err;
        expect_says(ran.err, option);
      }
    }
  }
}

}  // namespace
}  // namespace cudenza::testing
