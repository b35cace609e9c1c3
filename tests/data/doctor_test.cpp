/// The doctor on a data set with every fault, and on healthy ones.
#include "engine/data/doctor.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/audio/wav_file.h"
#include "engine/io/png.h"
#include "tests/data/bad_inputs.h"
#include "tests/data/files.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

using Words = std::set<std::string>;

Words paths_with(const Diagnosis& diagnosis, Problem problem) {
  Words paths;
  for (const Finding& finding : diagnosis.findings) {
    if (finding.problem == problem) paths.insert(finding.path);
  }
  return paths;
}

/// "bad/x.wav = good/y.wav", one a group.
Words groups_of(const Dataset& data, const Diagnosis& diagnosis, Likeness likeness) {
  Words groups;
  for (const Duplicates& one : diagnosis.duplicates) {
    std::string line;
    for (const int i : one.items) line += (line.empty() ? "" : " = ") + data.items[static_cast<size_t>(i)].path;
    if (one.likeness == likeness) groups.insert(line);
  }
  return groups;
}

class BadInputs : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new ScratchFolder;
    make_bad_inputs(folder_->path(), 1);
    data_ = new Dataset(open_dataset(folder_->path()));
    diagnosis_ = new Diagnosis(examine_dataset(*data_));
  }
  static void TearDownTestSuite() {
    delete folder_;
    delete data_;
    delete diagnosis_;
  }
  static Words with(Problem problem) { return paths_with(*diagnosis_, problem); }
  static std::string reason(const std::string& path, Problem problem) {
    for (const Finding& finding : diagnosis_->findings) {
      if (finding.path == path && finding.problem == problem) return finding.reason;
    }
    return "none";
  }

  static ScratchFolder* folder_;
  static Dataset* data_;
  static Diagnosis* diagnosis_;
};
ScratchFolder* BadInputs::folder_ = nullptr;
Dataset* BadInputs::data_ = nullptr;
Diagnosis* BadInputs::diagnosis_ = nullptr;

TEST_F(BadInputs, FilesThatCannotBeUsed) {
  EXPECT_EQ(with(Problem::missing), (Words{"bad/link_to_nothing.wav"}));
  EXPECT_EQ(with(Problem::empty), (Words{"bad/empty.wav", "bad/no_samples.wav"}));
  EXPECT_EQ(with(Problem::truncated), (Words{"bad/cut.flac", "bad/truncated.wav"}));
  EXPECT_EQ(with(Problem::not_finite), (Words{"bad/nan.wav"}));
  Words broken = with(Problem::corrupt);
  broken.merge(with(Problem::unreadable));
  EXPECT_EQ(broken, (Words{"bad/noise.flac", "bad/text.wav", "bad/unreadable.wav"}));
  EXPECT_EQ(reason("bad/text.wav", Problem::corrupt), "is text, not sound");
  EXPECT_TRUE(has(reason("bad/truncated.wav", Problem::truncated), "only 1.20 s of 2.00 s"));
  EXPECT_EQ(diagnosis_->usable(), static_cast<int>(data_->items.size()) - 9);
}

TEST_F(BadInputs, SuspectFiles) {
  EXPECT_EQ(with(Problem::silent), (Words{"bad/opposite.wav", "bad/zero.wav"}));
  EXPECT_TRUE(has(reason("bad/opposite.wav", Problem::silent), "cancel each other out"));
  EXPECT_EQ(with(Problem::clipped), (Words{"bad/clipped.wav", "bad/hours_long.wav"}));
  EXPECT_EQ(with(Problem::too_short), (Words{"bad/short.wav"}));
  EXPECT_EQ(with(Problem::too_long), (Words{"bad/hours_long.wav"}));
  EXPECT_EQ(reason("bad/hours_long.wav", Problem::too_long), "lasts 1.00 h; the median is 2.00 s");
  EXPECT_EQ(with(Problem::odd_rate), (Words{"bad/hours_long.wav", "bad/rate_192000.wav", "bad/rate_8000.wav"}));
  EXPECT_EQ(with(Problem::odd_channels), (Words{"bad/channels_8.wav", "bad/opposite.wav"}));
  EXPECT_EQ(with(Problem::wrong_extension), (Words{"bad/is_flac.wav"}));
  EXPECT_EQ(with(Problem::misnamed_folder), (Words{"bad/folder.wav"}));
  EXPECT_EQ(with(Problem::empty_class), (Words{"nothing"}));
}

TEST_F(BadInputs, Duplicates) {
  const auto groups = [&](Likeness likeness) { return groups_of(*data_, *diagnosis_, likeness); };
  EXPECT_EQ(groups(Likeness::bytes), (Words{"bad/copy_of_2.wav = good/2.wav"}));
  EXPECT_EQ(groups(Likeness::samples), (Words{"bad/samples_of_3.flac = good/3.wav"}));
  EXPECT_EQ(groups(Likeness::sound), (Words{"bad/sound_of_4.ogg = good/4.wav"}));
  EXPECT_EQ(groups(Likeness::excerpt), (Words{"bad/part_of_5.wav = good/5.wav"}));
  EXPECT_EQ(groups(Likeness::overlap), Words{});
  EXPECT_EQ(groups(Likeness::name), (Words{"bad/same_name.flac = bad/same_name.wav"}));
  for (const Duplicates& one : diagnosis_->duplicates) EXPECT_EQ(one.labels_differ, one.likeness != Likeness::name);
}

TEST_F(BadInputs, GoodFilesAreNotAccused) {
  for (const Finding& finding : diagnosis_->findings) EXPECT_FALSE(finding.path.starts_with("good/")) << finding.path;
  EXPECT_FALSE(diagnosis_->healthy());
  EXPECT_TRUE(diagnosis_->notes.empty()) << "what is a finding is no note besides";
}

TEST(Doctor, UnlikeTheOthers) {
  const ScratchFolder folder;
  for (int i = 0; i < 20; ++i) {
    fs::create_directories(folder / "a");
    const int rate = i == 7 ? 44100 : 22050;
    write_wav(folder / fmt::format("a/{}.wav", i), rate, sine(200 + 150 * i, rate, i == 9 ? 1.5 : 20));
  }
  const Diagnosis diagnosis = examine_dataset(open_dataset(folder.path()));
  ASSERT_EQ(diagnosis.findings.size(), 2u);
  EXPECT_EQ(diagnosis.findings[0].reason, "lasts 1.50 s; the median is 20.00 s");
  EXPECT_EQ(diagnosis.findings[1].reason, "has 44100 Hz; the others have 22050 Hz");
  EXPECT_EQ(diagnosis.findings[1].path, "a/7.wav");
}

TEST(Doctor, ExcerptsOfOneTrackAreNoDuplicates) {
  const ScratchFolder folder;
  fs::create_directories(folder / "a");
  std::vector<float> x;
  for (int i = 0; i < 8 * 22050; ++i) x.push_back(0.4f * static_cast<float>(std::sin(2e-7 * i * i)) + 0.1f * std::sin(0.3f * i));
  write_wav(folder / "a/a.00001.wav", 22050, x);
  write_wav(folder / "a/a.00001_2.wav", 22050, {x.begin() + 22050, x.begin() + 5 * 22050});
  write_wav(folder / "a/a.00002.wav", 22050, {x.begin() + 22050, x.begin() + 5 * 22050 + 9});
  const Dataset data = open_dataset(folder.path());
  const Diagnosis diagnosis = examine_dataset(data);
  EXPECT_EQ(groups_of(data, diagnosis, Likeness::excerpt), (Words{"a/a.00001.wav = a/a.00002.wav"}));
  EXPECT_EQ(diagnosis.duplicates.size(), 2u) << "and the excerpt, which is the same as the other track";
}

Pixels picture(int seed, int width = 40) {
  Pixels pixels{30, width, 3, {}};
  for (int i = 0; i < 30 * width * 3; ++i) pixels.values.push_back(static_cast<uint8_t>(i * i * (seed + 3) >> 3));
  return pixels;
}

TEST(Doctor, Pictures) {
  const ScratchFolder folder;
  for (int i = 0; i < 19; ++i) write_png(folder / fmt::format("a/{:02}.png", i), picture(i));
  write_png(folder / "b/wide.png", picture(1, 60));
  write_png(folder / "b/again.png", picture(4));
  write_file(folder / "b/text.png", "text");
  Pixels plain = picture(0);
  std::ranges::fill(plain.values, 68);
  write_png(folder / "b/plain.png", plain);
  const Dataset data = open_dataset(folder.path());
  const Diagnosis diagnosis = examine_dataset(data);
  EXPECT_EQ(paths_with(diagnosis, Problem::corrupt), (Words{"b/text.png"}));
  EXPECT_EQ(paths_with(diagnosis, Problem::silent), (Words{"b/plain.png"}));
  EXPECT_EQ(paths_with(diagnosis, Problem::odd_size), (Words{"b/wide.png"}));
  EXPECT_EQ(groups_of(data, diagnosis, Likeness::bytes), (Words{"a/04.png = b/again.png"}));
  EXPECT_EQ(diagnosis.findings.size(), 3u);
  EXPECT_EQ(diagnosis.usable(), 22);
}

TEST(Doctor, RealDataIsWell) {
  const fs::path real = shared_data();
  if (real.empty()) GTEST_SKIP() << "needs ../shared/data beside the sources";
  for (const char* name : {"gtzan-audio", "gtzan-excerpts"}) {
    const Diagnosis diagnosis = examine_dataset(open_dataset(real / name));
    EXPECT_TRUE(diagnosis.healthy()) << name << ": " << diagnosis.findings.size() << ", " << diagnosis.duplicates.size();
  }
}

}  // namespace
}  // namespace cudenza::testing
