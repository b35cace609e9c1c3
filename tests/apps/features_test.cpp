#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/cli/exit_code.h"
#include "engine/audio/decode.h"
#include "engine/audio/picture.h"
#include "engine/io/hdf5_file.h"
#include "engine/io/png.h"
#include "tests/support/program.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

class FeaturesTest : public ::testing::Test {
 protected:
  FeaturesTest() { fs::create_directories(at("data")); }

  fs::path at(const std::string& name) const { return scratch_.path() / name; }
  /// A tone of 0.3 s in the data folder.
  void tone(const std::string& name, double hz) const {
    fs::create_directories(at("data/" + name).parent_path());
    write_wav(at("data/" + name), 22050, sine(hz, 22050, 0.3));
  }
  Ran features(const std::string& arguments) const {
    return run_program(fmt::format("features --device cpu --no-cache --out '{}' {}", at("f.h5").string(), arguments));
  }
  std::string data() const { return fmt::format("'{}'", at("data").string()); }

  ScratchFolder scratch_;
};

/// The list of clips gives way to a clip of its name.
TEST_F(FeaturesTest, ClipMayBeCalledClips) {
  tone("clips.wav", 440);
  tone("b.wav", 880);
  ASSERT_EQ(features(data()).status, kDone);
  const Hdf5File file(at("f.h5"));
  EXPECT_TRUE(file.contains("clips/image"));
  EXPECT_EQ(file.read_texts(".clips"), (std::vector<std::string>{"b", "clips"}));
}

TEST_F(FeaturesTest, FileHoldsWhatTheEngineComputes) {
  tone("a.wav", 440);
  tone("b.wav", 880);
  const Ran ran = features(data());
  ASSERT_EQ(ran.status, kDone) << ran.err;
  EXPECT_EQ(ran.out, "");
  const Hdf5File file(at("f.h5"));
  const LogMel log_mel(MelSpec::preset("seed"));
  MelStatistics statistics;
  std::vector<Tensor> mels;
  for (const char* name : {"a", "b"}) {
    const Tensor pcm = hear(at("data") / (std::string(name) + ".wav"), 44100).pcm;
    mels.push_back(log_mel(pcm.view({1, pcm.numel()})));
    statistics.add(mels.back());
    const Tensor stored = file.read(std::string(name) + "/mel_db");
    EXPECT_EQ(stored.shape(), (Shape{128, 26}));
    EXPECT_EQ(stored.to_vector<float>(), mels.back().to_vector<float>());
  }
  const Picture picture({}, Normalize::global, &statistics);
  EXPECT_EQ(file.read("b/image").shape(), (Shape{224, 224, 3}));
  EXPECT_EQ(file.read("b/image").to_vector<float>(), picture(mels[1]).to_vector<float>());
  EXPECT_EQ(file.attribute<int64_t>("/", "sample_rate"), 44100);
  EXPECT_EQ(file.read_texts("clips"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(file.attribute<std::string>("/a", "file"), at("data/a.wav").string());
}

TEST_F(FeaturesTest, OptionsChangeWhatTheySay) {
  tone("a.wav", 440);
  const Ran ran =
      features(data() + " --preset torchaudio --sample-rate 22050 --n-mels 32 --normalize clip --mono --image-size 50");
  ASSERT_EQ(ran.status, kDone) << ran.err;
  const Hdf5File file(at("f.h5"));
  EXPECT_EQ(file.read("a/mel_db").shape(), (Shape{32, 1 + 6615 / 200}));
  EXPECT_EQ(file.read("a/image").shape(), (Shape{50, 50, 1}));
  EXPECT_FALSE(file.has_attribute("/", "top_db"));
  EXPECT_FALSE(file.contains("statistics"));
}

TEST_F(FeaturesTest, StatisticsOfATrainingSetServeOthers) {
  tone("a.wav", 440);
  tone("b.wav", 3000);
  ASSERT_EQ(features(data() + " --normalize bin").status, kDone);
  const auto both = Hdf5File(at("f.h5")).read("a/image").to_vector<float>();
  fs::rename(at("f.h5"), at("train.h5"));
  const std::string alone = fmt::format("'{}' --normalize bin ", at("data/a.wav").string());
  ASSERT_EQ(features(alone).status, kDone);
  EXPECT_NE(Hdf5File(at("f.h5")).read("a/image").to_vector<float>(), both);
  ASSERT_EQ(features(alone + fmt::format("--statistics '{}'", at("train.h5").string())).status, kDone);
  EXPECT_EQ(Hdf5File(at("f.h5")).read("a/image").to_vector<float>(), both);
}

TEST_F(FeaturesTest, BadClipsAreSkippedUnlessStrict) {
  tone("good.wav", 440);
  std::ofstream(at("data/text.wav")) << "words";
  std::ofstream(at("data/empty.flac")).flush();
  write_wav(at("data/short.wav"), 22050, sine(440, 22050, 0.001));
  const Ran ran = features(data() + " --json");
  ASSERT_EQ(ran.status, kDone) << ran.err;
  const auto json = nlohmann::json::parse(ran.out);
  ASSERT_EQ(json["clips"].size(), 1u);
  EXPECT_EQ(json["clips"][0]["name"], "good");
  ASSERT_EQ(json["skipped"].size(), 3u);
  EXPECT_EQ(json["skipped"][0]["file"], at("data/empty.flac").string());
  EXPECT_EQ(json["skipped"][0]["reason"], "is empty (0 bytes)");
  EXPECT_NE(ran.err.find("text.wav: is text, not sound; skipped"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("short.wav: is too short"), std::string::npos) << ran.err;

  fs::remove(at("f.h5"));
  EXPECT_EQ(features(data() + " --strict").status, kDataError);
  EXPECT_FALSE(fs::exists(at("f.h5")));
  fs::remove(at("data/good.wav"));
  EXPECT_EQ(features(data()).status, kDataError);  // nothing is left
  EXPECT_FALSE(fs::exists(at("f.h5")));
}

TEST_F(FeaturesTest, NamesAreAsShortAsTheyCanBe) {
  tone("blues/1.wav", 440);
  tone("jazz/1.wav", 500);
  tone("jazz/2.wav", 600);
  write_sound(at("data/jazz/2.flac"), sound::kFlac | sound::kPcm16, 22050, 1, sine(700, 22050, 0.3));
  tone("jazz/.hidden.wav", 500);
  std::ofstream(at("data/notes.txt")) << "no sound, and nobody says it is";
  ASSERT_EQ(features(data() + ' ' + data()).status, kDone);  // twice the same is once
  EXPECT_EQ(Hdf5File(at("f.h5")).read_texts("clips"), (std::vector<std::string>{"blues/1", "jazz/1", "2.flac", "2.wav"}));
}

TEST_F(FeaturesTest, AListOfFilesIsRead) {
  tone("x/a.wav", 440);
  tone("y/b.wav", 500);
  std::ofstream(at("data/list.csv")) << "path,label\nx/a.wav,x\ny/b.wav,y\n";
  ASSERT_EQ(features(fmt::format("'{}'", at("data/list.csv").string())).status, kDone);
  EXPECT_TRUE(Hdf5File(at("f.h5")).contains("b/image"));
}

TEST_F(FeaturesTest, WhatMakesNoSenseIsUsage) {
  tone("a.wav", 440);
  for (const char* bad : {"--preset librosa", "--n-fft 14", "--channels 2 --normalize imagenet", "--image-size 0", "--fmax 30000",
                          "--normalize sometimes", "--mono --channels 3"})
    EXPECT_EQ(features(data() + ' ' + bad).status, kUsageError) << bad;
  EXPECT_FALSE(fs::exists(at("f.h5")));
}

TEST_F(FeaturesTest, PicturesShowTheTone) {
  if (std::system("gnuplot --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no gnuplot";
  tone("it's a tone.wav", 1000);
  const Ran ran = features(data() + fmt::format(" --png '{}'", at("png").string()));
  ASSERT_EQ(ran.status, kDone) << ran.err;
  const Pixels picture = read_png(at("png/it's a tone.png"));
  EXPECT_EQ(picture.width, 1154);
  EXPECT_EQ(picture.height, 492);
  // Down the middle column of the spectrogram the brightest pixel is at the tone's band.
  int brightest = 0, row = 0;
  for (int y = 46; y < 426; ++y) {
    const auto pixel = picture.at(y, 84 + 480);
    if (const int light = pixel[0] + pixel[1] + pixel[2]; light > brightest) brightest = light, row = y;
  }
  const MelSpec spec = MelSpec::preset("seed");
  EXPECT_NEAR(row, 44 + 384 * (1 - (mel_band_at(spec, 1000) + 0.5) / spec.n_mels), 3);
}

TEST_F(FeaturesTest, WithoutGnuplotTheRemedyIsSaid) {
  tone("a.wav", 440);
  const char* path = std::getenv("PATH");
  const std::string before = path ? path : "";
  setenv("PATH", "/nowhere", 1);
  const Ran ran = features(data() + fmt::format(" --png '{}'", at("png").string()));
  setenv("PATH", before.c_str(), 1);
  EXPECT_EQ(ran.status, kUsageError);
  EXPECT_NE(ran.err.find("apt-get install gnuplot-nox"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace cudenza::testing
