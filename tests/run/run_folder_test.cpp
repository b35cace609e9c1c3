#include "engine/run/run_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "engine/core/error.h"
#include "engine/io/hdf5_file.h"
#include "engine/report/report.h"
#include "engine/run/run_seal.h"
#include "tests/data/files.h"
#include "tests/support/content_of.h"
#include "tests/train/synthetic_run.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

/// What is said of this folder as --out; "nothing" if a run may be written there.
std::string refusal(const fs::path& folder) {
  return error_of<UsageError>([&] { check_run_folder("--out", folder); });
}

TEST(RunFolder, NewEmptyAndOwnFoldersAreTaken) {
  const ScratchFolder scratch;
  EXPECT_EQ(refusal(scratch / "new/er"), "nothing");
  EXPECT_EQ(refusal(scratch.path()), "nothing");
  write_file(scratch / ".hidden", "x");
  EXPECT_EQ(refusal(scratch.path()), "nothing");
  write_synthetic_run(scratch / "run");
  write_report(scratch / "run");
  seal_run(scratch / "run");
  write_file(scratch / "run/notes.txt", "mine");
  write_file(scratch / "run/mistakes/notes.txt", "mine");
  EXPECT_EQ(refusal(scratch / "run"), "nothing");
  EXPECT_EQ(refusal(scratch.path()), "nothing");  // runs lie in it, as reproduce leaves them
  fs::create_directory_symlink("run", scratch / "alias");
  EXPECT_EQ(refusal(scratch / "alias"), "nothing");
}

TEST(RunFolder, EveryFileOfARunIsKnownAsItsOwn) {
  const ScratchFolder scratch;
  write_synthetic_run(scratch / "whole");
  write_schedule(scratch / "whole", synthetic_steps());
  write_report(scratch / "whole");
  seal_run(scratch / "whole");
  for (const fs::directory_entry& entry : fs::directory_iterator(scratch / "whole")) {
    if (!entry.is_regular_file() || entry.path().filename() == "config.toml") continue;
    const fs::path alone = scratch / ("only_" + entry.path().filename().string());
    fs::create_directories(alone);
    fs::copy(entry.path(), alone / entry.path().filename());
    EXPECT_EQ(refusal(alone), "nothing") << entry.path();
  }
}

TEST(RunFolder, OthersFoldersAreNot) {
  const ScratchFolder scratch;
  write_file(scratch / "a/notes.txt", "mine");
  write_file(scratch / "b/mistakes/keep.wav", "mine");  // a class of that name
  write_file(scratch / "c/mistakes/01.png", "mine");
  write_file(scratch / "d/plots/loss.svg", "<svg>mine</svg>");
  write_file(scratch / "e/config.toml", "title = 'a web site'\n");
  write_file(scratch / "f/history.csv", "year,event\n");
  write_file(scratch / "g/report.html", "<!DOCTYPE html>\n<html>mine</html>\n");
  write_file(scratch / "h/mistakes/mistakes.csv", "exam,mark\n");
  Hdf5File::create(scratch / "i/best.h5", [](Hdf5File& file) { file.set_attribute("/", "keras_version", std::string("2")); });
  write_file(scratch / "elsewhere/x", "mine");
  fs::create_directories(scratch / "j");
  fs::create_directory_symlink("../elsewhere", scratch / "j/mistakes");
  for (const char* name : {"a/notes.txt", "b/mistakes/keep.wav", "c/mistakes/01.png", "d/plots/loss.svg", "e/config.toml",
                           "f/history.csv", "g/report.html", "h/mistakes/mistakes.csv", "i/best.h5", "j/mistakes"}) {
    const fs::path folder = scratch / std::string(1, name[0]);
    const std::string said = refusal(folder);
    EXPECT_TRUE(has(said, fmt::format("holds {}, which this program did not write; choose another --out", name + 2))) << said;
  }
}

TEST(RunFolder, ARunWithAnothersFileUnderItsNamesIsLeftAlone) {
  for (const char* name : {"history.csv", "report.html", "plots/recall.svg", "mistakes/07.png", "mistakes/77.png", "best.h5"}) {
    const ScratchFolder run;
    write_synthetic_run(run.path());
    if (std::string_view(name) != "mistakes/07.png") write_file(run / name, "mine");
    else write_file(run / name, "not named by mistakes.csv, which says 7.png");
    EXPECT_TRUE(has(refusal(run.path()), fmt::format("holds {}, which", name))) << refusal(run.path());
  }
}

TEST(RunFolder, ItLiesOutsideTheData) {
  const ScratchFolder scratch;
  write_file(scratch / "data/rock/a.wav");
  EXPECT_TRUE(has(error_of<UsageError>([&] { check_run_folder("--out", scratch / "data/run", scratch / "data"); }), "lies in"));
  EXPECT_EQ(error_of<UsageError>([&] { check_run_folder("--out", scratch / "run", scratch / "data"); }), "nothing");
}

TEST(RunFolder, OnlyPicturesThatTheListNamesAreRemoved) {
  const ScratchFolder run;
  write_synthetic_run(run.path());
  for (const char* name : {"keep.png", "99.png", "notes.txt", "sub/1.png"}) write_file(run / "mistakes" / name, "mine");
  write_file(run / "secret.png", "mine");
  std::vector<Mistake> rows = read_mistakes(run.path());
  rows.push_back({.file = "x", .actual = "a", .predicted = "b", .picture = "../secret.png"});
  rows.push_back({.file = "x", .actual = "a", .predicted = "b", .picture = "keep.png"});
  write_mistakes(run.path(), rows);
  remove_mistake_pictures(run.path());
  EXPECT_FALSE(fs::exists(run / "mistakes/1.png"));
  for (const char* name : {"mistakes/keep.png", "mistakes/99.png", "mistakes/notes.txt", "mistakes/sub/1.png", "secret.png"})
    EXPECT_EQ(content_of(run / name), "mine") << name;
  write_file(run / "mistakes/mistakes.csv", "damaged");
  EXPECT_NO_THROW(remove_mistake_pictures(run.path()));
}

// A stranger's run.

std::string report_refusal(const fs::path& run) {
  return error_of<DataError>([&] { write_report(run); });
}

TEST(StrangersRun, LinksAreRefusedByName) {
  const ScratchFolder scratch;
  write_file(scratch / "secret.txt", "SECRET");
  for (const char* name : {"config.toml", "history.csv", "splits.csv", "predictions.csv", "model_card.json",
                           "mistakes/mistakes.csv", "mistakes/1.png", "report.html", "checksums.txt", "plots", "mistakes"}) {
    const fs::path run = scratch / fmt::format("run_{}", fs::path(name).filename().string());
    write_synthetic_run(run);
    fs::remove_all(run / name);
    fs::create_symlink(scratch / "secret.txt", run / name);
    const std::string said = report_refusal(run);
    EXPECT_TRUE(has(said, name)) << said;
    EXPECT_TRUE(std::string_view(name) == "report.html" || !has(content_of(run / "report.html"), "SECRET")) << name;
  }
  EXPECT_EQ(content_of(scratch / "secret.txt"), "SECRET");
}

TEST(StrangersRun, NothingIsWrittenThroughALinkedFolder) {
  const ScratchFolder scratch;
  write_synthetic_run(scratch / "run");
  fs::create_directories(scratch / "elsewhere");
  fs::create_directory_symlink("../elsewhere", scratch / "run/plots");
  EXPECT_TRUE(has(report_refusal(scratch / "run"), "plots: is a link to ../elsewhere"));
  EXPECT_TRUE(fs::is_empty(scratch / "elsewhere"));
}

TEST(StrangersRun, PicturesAreFilesOfTheirFolder) {
  const ScratchFolder scratch;
  write_synthetic_run(scratch / "run");
  fs::copy(scratch / "run/mistakes/1.png", scratch / "1.png");
  remove_mistake_pictures(scratch / "run");
  for (const std::string& picture :
       {std::string("../../1.png"), (scratch / "1.png").string(), std::string("sub/1.png"), std::string("..")}) {
    write_mistakes(scratch / "run", {{"a.wav", "rock", "pop", 0.9, 2.3, picture}});
    EXPECT_TRUE(has(report_refusal(scratch / "run"), "mistakes.csv names it, but it is no file of that folder")) << picture;
  }
}

TEST(StrangersRun, PipesAreNotWaitedFor) {
  const ScratchFolder scratch;
  for (const char* name : {"config.toml", "history.csv", "model_card.json"}) {
    const fs::path run = scratch / name;
    write_synthetic_run(run);
    fs::remove(run / name);
    ASSERT_EQ(mkfifo((run / name).c_str(), 0600), 0);
    EXPECT_TRUE(has(report_refusal(run), name)) << name;
  }
}

TEST(StrangersRun, SizesAreBounded) {
  const ScratchFolder scratch;
  write_synthetic_run(scratch / "a");
  fs::resize_file(scratch / "a/config.toml", uintmax_t{1} << 40);  // holes: they take no room
  EXPECT_TRUE(has(report_refusal(scratch / "a"), "config.toml: has 1099511627776 bytes"));
  std::string head = "file,label,predicted,probability";
  for (int c = 0; c < 5000; ++c) head += fmt::format(",probability_{}", c);
  write_synthetic_run(scratch / "c");
  write_file(scratch / "c/predictions.csv", head + '\n');
  EXPECT_TRUE(has(report_refusal(scratch / "c"), "has 5000 classes"));
  write_synthetic_run(scratch / "b");
  fs::resize_file(scratch / "b/mistakes/1.png", uintmax_t{1} << 32);
  EXPECT_TRUE(has(report_refusal(scratch / "b"), "1.png: has 4294967296 bytes"));
}

}  // namespace
}  // namespace cudenza::testing
