#include "engine/run/run_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "engine/core/error.h"
#include "tests/support/content_of.h"
#include "tests/support/messages.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {
namespace fs = std::filesystem;

TEST(RunLock, NamesItsOwnerToWhoeverComesSecond) {
  const ScratchFolder scratch;
  const fs::path run = scratch.path() / "run";
  {
    const RunLock lock(run);
    const std::string message = message_of<DataError>([&] { RunLock second(run); });
    expect_says(message, run.string());
    expect_says(message, fmt::format("process {} on ", getpid()));
    expect_says(message, "another `out`");
    EXPECT_TRUE(fs::exists(run / ".lock"));  // the second has not taken it away
  }
  EXPECT_FALSE(fs::exists(run));  // nothing else had come into it
  const RunLock again(run);
}

TEST(RunLock, KeepsAFolderThatHoldsSomething) {
  const ScratchFolder scratch;
  const fs::path run = scratch.path() / "run";
  {
    const RunLock lock(run);
    std::ofstream(run / "x") << "x";
  }
  EXPECT_TRUE(fs::exists(run / "x"));
  EXPECT_FALSE(fs::exists(run / ".lock"));
  fs::remove(run / "x");
  { const RunLock lock(run); }
  EXPECT_TRUE(fs::exists(run));  // this lock had not made it
}

TEST(RunLock, OfADeadProcessIsNoObstacle) {
  const ScratchFolder scratch;
  const fs::path run = scratch.path() / "run";
  const pid_t child = fork();
  if (child == 0) {
    new RunLock(run);
    _exit(0);  // as if it were killed: nothing is taken away
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  expect_says(content_of(run / ".lock"), fmt::format("process {}", child));
  const RunLock lock(run);
  expect_says(content_of(run / ".lock"), fmt::format("process {}", getpid()));
}

TEST(RunLock, WritesThroughNoLink) {
  const ScratchFolder scratch;
  std::ofstream(scratch.path() / "mine") << "mine";
  fs::create_symlink("mine", scratch.path() / ".lock");
  expect_says(message_of<DataError>([&] { RunLock lock(scratch.path()); }), ".lock: cannot be written");
  EXPECT_EQ(content_of(scratch.path() / "mine"), "mine");
}

}  // namespace
}  // namespace cudenza::testing
