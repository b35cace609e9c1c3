/// Where the verbs write: nothing that another wrote is replaced, and no name is obeyed.
#include <gtest/gtest.h>

#include <filesystem>

#include "apps/cli/exit_code.h"
#include "engine/io/gnuplot.h"
#include "engine/io/hdf5_file.h"
#include "engine/io/own_files.h"
#include "tests/data/files.h"
#include "tests/support/content_of.h"
#include "tests/support/program.h"
#include "tests/support/sounds.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

class OutputPlaces : public ::testing::Test {
 protected:
  OutputPlaces() {
    fs::create_directories(at("here"));
    for (const char* name : {"data/high/a.wav", "data/high/b.wav", "data/low/c.wav", "data/low/d.wav"}) {
      fs::create_directories(at(name).parent_path());
      write_wav(at(name), 22050, sine(300.0 + 100 * name[10], 22050, 0.4));
    }
  }

  fs::path at(const std::string& name) const { return scratch_.path() / name; }
  /// The program run in the folder `here`, data and all else beside it.
  Ran run(const std::string& arguments) const {
    return run_command(fmt::format("cd '{}' && '{}'", at("here").string(), program_under_test()), arguments);
  }
  /// Refused before any work, with these words, and `name` is as it was.
  void expect_refused(const std::string& arguments, const std::string& words, const std::string& name) const {
    const std::string before = content_of(at(name));
    const Ran ran = run(arguments);
    EXPECT_EQ(ran.status, kUsageError) << arguments << ran.err;
    EXPECT_TRUE(has(ran.err, words)) << ran.err;
    EXPECT_EQ(content_of(at(name)), before) << arguments;
    EXPECT_FALSE(before.empty());
  }

  ScratchFolder scratch_;
};

TEST_F(OutputPlaces, FeaturesNeverReplaceAnInput) {
  fs::create_hard_link(at("data/high/a.wav"), at("here/hard.h5"));
  fs::create_symlink("../data/high/a.wav", at("here/soft.h5"));
  write_file(at("here/thesis.h5"), "mine");
  expect_refused("features ../data/high/a.wav --out ../data/high/a.wav", "is the input", "data/high/a.wav");
  expect_refused("features ../data --out ../data/low/c.wav", "is the input", "data/low/c.wav");
  expect_refused("features ../data/high/a.wav --out hard.h5", "is the input", "here/hard.h5");
  expect_refused("features ../data/high/a.wav --out soft.h5", "is the input", "data/high/a.wav");
  expect_refused("features ../data/high/b.wav --out soft.h5", "is a link", "data/high/a.wav");
  expect_refused("features ../data/high/a.wav --out thesis.h5", "no file that this command writes", "here/thesis.h5");
  EXPECT_EQ(run("features ../data/high/a.wav --out f.h5").status, kDone);
  EXPECT_EQ(run("features ../data/high/b.wav --out f.h5").status, kDone);  // its own it does replace
  EXPECT_TRUE(Hdf5File(at("here/f.h5")).contains("b/mel_db"));
  expect_refused("features ../data --out g.h5 --statistics f.h5 --png ../data/pictures", "lies in the data set", "here/f.h5");
}

TEST_F(OutputPlaces, PicturesReplaceTheirOwnAlone) {
  if (!why_no_gnuplot().empty()) GTEST_SKIP() << why_no_gnuplot();
  write_file(at("here/png/b.png"), "the record's sleeve");
  expect_refused("features ../data/high/a.wav ../data/high/b.wav --out f.h5 --png png", "b.png is there already",
                 "here/png/b.png");
  EXPECT_FALSE(fs::exists(at("here/png/a.png")));  // known before the first is drawn
  for (int i = 0; i < 2; ++i) {
    const Ran ran = run("features ../data/high/a.wav --out f.h5 --png png");
    EXPECT_EQ(ran.status, kDone) << ran.err;
    EXPECT_TRUE(is_marked_png(at("here/png/a.png")));
  }
}

TEST_F(OutputPlaces, NamesAreNeverCommands) {
  if (!why_no_gnuplot().empty()) GTEST_SKIP() << why_no_gnuplot();
  const std::vector<std::string> names = {"|touch x;",      "`touch x`", "$(touch x)",
                                          "\"; !touch x #", "%d%s%n",    "x\" ; system \"touch x"};
  for (const std::string& name : names) {
    fs::copy(at("data/high/a.wav"), at("here") / (name + ".wav"));
    const Ran ran = run(fmt::format("features --out f.h5 --png '{0}' -- '{0}.wav'", name));
    EXPECT_EQ(ran.status, kDone) << name << ran.err;
    EXPECT_TRUE(is_marked_png(at("here") / name / (name + ".png"))) << name;
  }
  EXPECT_FALSE(fs::exists(at("here/x")));
}

TEST_F(OutputPlaces, PicturesNeedNoTemporaryFolder) {
  if (!why_no_gnuplot().empty()) GTEST_SKIP() << why_no_gnuplot();
  const auto picture = [&](const std::string& folder, const std::string& environment) {
    const Ran ran = run_command(fmt::format("cd '{}' && {} '{}'", at("here").string(), environment, program_under_test()),
                                fmt::format("features ../data/high/a.wav --out f.h5 --png {}", folder));
    EXPECT_EQ(ran.status, kDone) << ran.err;
    return content_of(at("here") / folder / "a.png");
  };
  EXPECT_EQ(picture("one", ""), picture("two", "TMPDIR=/nonexistent"));
  EXPECT_EQ(picture("three", "TMPDIR=/dev/full"), picture("one", ""));
}

TEST_F(OutputPlaces, ADrawingThatFailsIsSaid) {
  write_file(at("here/bin/gnuplot"), "#!/bin/sh\n[ \"$1\" = --version ] && echo gnuplot 5.4\nexit 0\n");
  fs::permissions(at("here/bin/gnuplot"), fs::perms::owner_all);
  const Ran ran = run_command(fmt::format("cd '{}' && PATH=bin:$PATH '{}'", at("here").string(), program_under_test()),
                              "features ../data/high/a.wav --out f.h5 --png png");
  EXPECT_EQ(ran.status, kDataError) << ran.err;
  EXPECT_TRUE(has(ran.err, "a.png: cannot be drawn: gnuplot drew no whole picture")) << ran.err;
  EXPECT_FALSE(fs::exists(at("here/f.h5")));
}

TEST_F(OutputPlaces, TrainingLeavesTheDataAndOthersFoldersAlone) {
  write_file(at("here/web/config.toml"), "title = 'mine'\n");
  write_file(at("here/exam/mistakes/keep.wav"), "mine");
  const std::string train = "train ../data --model resnet34 --image-size 32 --epochs 1 --split random:0.5 --out ";
  expect_refused(train + "../data/run", "lies in the data set", "data/high/a.wav");
  expect_refused(train + "../data/high", "lies in the data set", "data/high/a.wav");
  expect_refused(train + "..", "holds the data set", "data/high/a.wav");
  expect_refused(train + "web", "holds config.toml, which this program did not write", "here/web/config.toml");
  expect_refused(train + "exam", "holds mistakes/keep.wav, which this program did not write", "here/exam/mistakes/keep.wav");
  expect_refused("eval run ../data --out exam", "holds mistakes/keep.wav", "here/exam/mistakes/keep.wav");
  expect_refused("lr-find ../data --out ../data/x", "lies in the data set", "data/high/a.wav");
  expect_refused("reproduce ../data --out exam", "holds mistakes/keep.wav", "here/exam/mistakes/keep.wav");
}

TEST_F(OutputPlaces, ForwardAndConvertReplaceNoInput) {
  Hdf5File::create(at("here/w.h5"), [](Hdf5File& file) { file.set_attribute("/", "format", std::string("cudenza")); });
  write_file(at("here/x.h5"), "pictures");
  const std::string forward = "forward --arch resnet34 --weights w.h5 --input x.h5 --output ";
  expect_refused(forward + "w.h5", "is the input", "here/w.h5");
  expect_refused(forward + "x.h5", "is the input", "here/x.h5");
  expect_refused(forward + "../data/high/a.wav", "no file that this command writes", "data/high/a.wav");
  write_file(at("here/w.pth"), "weights");
  expect_refused("weights convert w.pth x.h5", "no file that this command writes", "here/x.h5");
}

}  // namespace
}  // namespace cudenza::testing
