/// cudenza started by mpirun: beside one process, with ranks that fail, and killed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>

#include "engine/parallel/join.h"
#include "engine/run/run_files.h"
#include "tests/support/content_of.h"
#include "tests/support/messages.h"
#include "tests/support/program.h"
#include "tests/support/tiny_run.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

/// Without what MPI's launcher has to say about such an end: only the program's own lines.
std::string own_lines(const std::string& err) {
  std::string lines;
  std::istringstream all(err);
  for (std::string line; std::getline(all, line);) {
    if (line.starts_with("cudenza: ")) lines += line + '\n';
  }
  return lines;
}

class StartedByMpirun : public ::testing::Test {
 protected:
  void SetUp() override {
    if (parallel_library() == "none") GTEST_SKIP() << "needs a build with MPI";
    if (run_command("command -v mpirun").status != 0) GTEST_SKIP() << "needs mpirun";
    if (!tiny_) tiny_ = std::make_unique<TinyRun>();
  }
  static void TearDownTestSuite() { tiny_.reset(); }

  static std::string mpirun(int ranks) {
    return fmt::format("timeout 120 mpirun -n {} --oversubscribe --allow-run-as-root --bind-to none '{}' ", ranks,
                       program_under_test());
  }
  static fs::path run(const std::string& name) { return tiny_->folder() / name; }
  /// Arguments of a run whose network has no batch norm, and draws all that is drawn.
  static std::string train(const std::string& name, int epochs = 2) {
    return tiny_->train(run(name), epochs) + " --head linear --precision fp32 --mixup 0.4 --noise --cutout --log-steps";
  }

  static inline std::unique_ptr<TinyRun> tiny_;
};

TEST_F(StartedByMpirun, TrainsAsOneProcessDoes) {
  ASSERT_EQ(run_program(train("alone")).status, 0);
  const Ran ran = run_command(mpirun(2) + train("together"));
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, "");
  const auto alone = read_steps(run("alone")), together = read_steps(run("together"));
  ASSERT_EQ(alone.size(), together.size());
  for (size_t i = 0; i < alone.size(); ++i) EXPECT_NEAR(together[i].loss, alone[i].loss, 1e-4) << "step " << i;
  EXPECT_TRUE(fs::exists(run("together") / "report.html"));

  ASSERT_EQ(run_command(mpirun(2) + train("again")).status, 0);
  EXPECT_EQ(TinyRun::result_of(run("again")), TinyRun::result_of(run("together")));
}

TEST_F(StartedByMpirun, GradientsMayBeSentIn16Bits) {
  ASSERT_EQ(run_command(mpirun(2) + train("wide")).status, 0);
  const Ran ran = run_command(mpirun(2) + train("narrow") + " --gradient-wire bf16");
  ASSERT_EQ(ran.status, 0) << ran.err;
  const auto wide = read_steps(run("wide")), narrow = read_steps(run("narrow"));
  ASSERT_EQ(narrow.size(), wide.size());
  for (size_t i = 0; i < wide.size(); ++i) EXPECT_NEAR(narrow[i].loss, wide[i].loss, 0.05) << "step " << i;
  EXPECT_NE(TinyRun::result_of(run("narrow")), TinyRun::result_of(run("wide")));
  expect_says(content_of(run("narrow") / "config.toml"), "gradient-wire = \"bf16\"");
  const Ran other = run_program("train /nowhere --out x --gradient-wire f16");
  EXPECT_EQ(other.status, 2) << other.err;
}

TEST_F(StartedByMpirun, JudgesAndPredictsAsOneProcessDoes) {
  tiny_->make(run("model"));
  const std::string eval =
      fmt::format("eval {} {} --part all --tta 2 --json --no-trials --quiet", run("model").string(), tiny_->data().string());
  const std::string predict =
      fmt::format("predict {} {} --format csv --no-trials --quiet", run("model").string(), tiny_->data().string());
  for (const std::string& arguments : {eval, predict}) {
    const Ran alone = run_program(arguments), together = run_command(mpirun(3) + arguments);
    EXPECT_EQ(together.status, 0) << together.err;
    EXPECT_EQ(together.out, alone.out);
  }
}

TEST_F(StartedByMpirun, WhatAllMeetIsSaidOnce) {
  const Ran ran = run_command(mpirun(2) + "train /nowhere --out " + run("none").string());
  EXPECT_EQ(ran.status, 3) << ran.err;
  EXPECT_EQ(std::ranges::count(own_lines(ran.err), '\n'), 1) << ran.err;
  const Ran usage = run_command(mpirun(2) + "train --no-such-option");
  EXPECT_EQ(usage.status, 2) << usage.err;
  EXPECT_EQ(std::ranges::count(own_lines(usage.err), '\n'), 1) << usage.err;
}

TEST_F(StartedByMpirun, OtherVerbsAreTheFirstProcesss) {
  const Ran ran = run_command(mpirun(2) + "info --json");
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out, run_program("info --json").out);
}

TEST_F(StartedByMpirun, ABatchTooSmallForAllIsRefused) {
  const Ran ran = run_command(mpirun(3) + train("small"));
  EXPECT_EQ(ran.status, 2) << ran.err;
  expect_says(own_lines(ran.err), "--batch-size is 2, but 3 processes share it");
}

/// Kills one rank when the first epoch is saved. Nobody hangs, and the run goes on to what it would have come to.
TEST_F(StartedByMpirun, AKilledRankEndsAllAndTheRunGoesOn) {
  ASSERT_EQ(run_command(mpirun(2) + train("undisturbed", 6)).status, 0);
  const fs::path killed = run("killed");
  const std::string wait_and_kill = fmt::format(
      "n=0; while [ ! -e '{0}/history.csv' ] && [ $n -lt 3000 ]; do sleep 0.01; n=$((n + 1)); done; "
      "kill -KILL $(pgrep -f -- '^{1} train .*--out {0} ' | tail -1); wait $!",
      killed.string(), program_under_test());
  const Ran ran = run_command(fmt::format("{{ {}{} & {}; }}", mpirun(2), train("killed", 6), wait_and_kill));
  EXPECT_NE(ran.status, 0);
  EXPECT_NE(ran.status, 124) << "somebody hung";
  const Ran resumed = run_command(mpirun(2) + "train --quiet --resume " + killed.string());
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  EXPECT_EQ(TinyRun::result_of(killed), TinyRun::result_of(run("undisturbed")));
}

/// mpirun passes it on to all ranks, which finish the batch and save it.
TEST_F(StartedByMpirun, ASignalOfTheUsersSavesAndEnds) {
  const fs::path told = run("told");
  const std::string wait_and_tell = fmt::format(
      "n=0; while [ ! -e '{0}/history.csv' ] && [ $n -lt 3000 ]; do sleep 0.01; n=$((n + 1)); done; "
      "kill -USR1 $(pgrep -f -- '^mpirun .*--out {0} '); wait $!",
      told.string());
  const Ran ran = run_command(fmt::format("{{ {}{} & {}; }}", mpirun(2), train("told", 500), wait_and_tell));
  EXPECT_EQ(ran.status, 130) << ran.err;
  EXPECT_TRUE(fs::exists(told / "last.h5"));
  EXPECT_FALSE(fs::exists(told / "report.html")) << "it came to its end";
}

}  // namespace
}  // namespace cudenza::testing
