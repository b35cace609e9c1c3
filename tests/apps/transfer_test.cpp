/// cudenza train --recipe transfer and --minutes, as a user types them.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/io/hdf5_file.h"
#include "engine/run/run_files.h"
#include "tests/support/messages.h"
#include "tests/support/program.h"
#include "tests/support/tiny_run.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

class Transfer : public ::testing::Test {
 protected:
  fs::path at(const char* name) const { return tiny_.folder() / name; }
  /// Arguments that train by the recipe into `out`.
  std::string transfer(const fs::path& out, const std::string& more) const {
    return fmt::format(
        "train {} --out {} --model alexnet --recipe transfer --image-size 96 --sample-rate 8000 --split stratified:0.5 "
        "--batch-size 2 "
        "--threads 1 {}",
        tiny_.data().string(), out.string(), more);
  }
  const TinyRun tiny_;
};

/// Names of tensors whose content differs.
std::vector<std::string> changed(const fs::path& before, const fs::path& after) {
  const Hdf5File a(before), b(after);
  std::vector<std::string> names;
  for (const std::string& name : b.names()) {
    if (a.contains(name) && a.read(name).to_vector<float>() != b.read(name).to_vector<float>()) names.push_back(name);
  }
  return names;
}

TEST_F(Transfer, LearnsTheHeadFirstAndNeverTheFrozenStages) {
  const std::string of_features = "--noise --cutout --frozen-stages 3 --draws 2";
  ASSERT_EQ(run_program(transfer(at("begun"), of_features + " --freeze-epochs 1 --epochs 1 --lr 1e-9 --tuning-lr 1e-9")).status,
            0);
  const std::string from = fmt::format(" --weights {} --keep-head", at("begun/best.h5").string());
  const Ran ran = run_program(transfer(at("run"), of_features + " --freeze-epochs 3 --epochs 2" + from));
  ASSERT_EQ(ran.status, 0) << ran.err;
  expect_says(ran.err, "head: features of what does not train, 2 draws of each clip");
  expect_says(ran.err, "upper stages: features of what does not train");
  EXPECT_EQ(read_history(at("run")).size(), 5u);
  const std::vector<std::string> names = changed(at("begun/best.h5"), at("run/last.h5"));
  const auto moved = [&](std::string_view prefix) {
    return std::ranges::any_of(names, [&](const std::string& name) { return name.starts_with(prefix); });
  };
  EXPECT_TRUE(moved("head.fc."));
  EXPECT_TRUE(moved("features.8.") && moved("features.10."));
  EXPECT_FALSE(moved("features.0.") || moved("features.3.") || moved("features.6."));
}

TEST_F(Transfer, LeavesTheStatisticsOfFrozenBatchNormsAlone) {
  const auto resnet = [&](const char* out, const std::string& more) {
    std::string command = transfer(at(out), more);
    command.replace(command.find("alexnet"), 7, "resnet34");
    return run_program(command);
  };
  const Ran begun = resnet("begun", "");
  ASSERT_EQ(begun.status, 0) << begun.err;
  for (const std::string& more : {std::string(), std::string("--frozen-stages 4 --freeze-epochs 1 --epochs 1")}) {
    SCOPED_TRACE(more);
    const Ran ran = resnet("run", more + " --weights " + at("begun/best.h5").string());
    ASSERT_EQ(ran.status, 0) << ran.err;
    const auto moved = [&](const char* file, std::string_view prefix, std::string_view suffix) {
      return std::ranges::any_of(changed(at("begun/best.h5"), at("run") / file),
                                 [&](const std::string& name) { return name.starts_with(prefix) && name.ends_with(suffix); });
    };
    for (const char* frozen : {"bn1.", "layer1.", "layer2.", "layer3."}) {
      EXPECT_FALSE(moved("best.h5", frozen, "")) << frozen;  // the averaged weights, with statistics of their own
      EXPECT_FALSE(moved("last.h5", frozen, "")) << frozen;
    }
    EXPECT_EQ(moved("last.h5", "layer4.", "running_mean"), !more.empty());
    fs::remove_all(at("run"));
  }
}

TEST_F(Transfer, GoesOnToTheSameBitsInEitherPhase) {
  for (const char* phases :
       {"--frozen-stages 3 --freeze-epochs 3 --epochs 2", "--frozen-stages 3 --freeze-epochs 0 --epochs 3", "--epochs 3"}) {
    const fs::path whole = at("whole"), stopped = at("stopped");
    fs::remove_all(whole), fs::remove_all(stopped);
    ASSERT_EQ(run_program(transfer(whole, phases)).status, 0);
    TinyRun::stop_early(transfer(stopped, phases), stopped);
    const Ran ran = run_program(fmt::format("train --resume {} --quiet", stopped.string()));
    ASSERT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(TinyRun::result_of(stopped), TinyRun::result_of(whole)) << phases;
  }
}

TEST_F(Transfer, SaysWhatCannotBe) {
  expect_says(run_program(transfer(at("run"), "--stage-decay 2")).err, "--stage-decay is 2, but must lie in (0, 1]");
  expect_says(run_program(transfer(at("run"), "--draws 0")).err, "--draws is 0, but must lie in 1 … 64");
  expect_says(run_program(transfer(at("run"), "--minutes 1 --epochs 3")).err, "leave --epochs and --rounds out");
  expect_says(run_program(transfer(at("run"), "--minutes -1")).err, "--minutes is -1, but must be positive");
}

TEST_F(Transfer, TrainsForTheMinutesThatItIsGiven) {
  const Ran ran = run_program(transfer(at("run"), "--frozen-stages 3 --freeze-epochs 1 --minutes 0.2"));
  ASSERT_EQ(ran.status, 0) << ran.err;
  double seconds = 0;
  const std::vector<EpochRow> history = read_history(at("run"));
  for (const EpochRow& row : history) seconds += row.time;
  EXPECT_GT(history.size(), 3u);
  EXPECT_GT(seconds, 8);
  EXPECT_LT(seconds, 18);
  EXPECT_LT(history.back().lr, history[1].lr) << "the rates did not fall towards the end";
}

}  // namespace
}  // namespace cudenza::testing
