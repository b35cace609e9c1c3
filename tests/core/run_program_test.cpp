#include "engine/core/run_program.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <filesystem>

#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {

TEST(RunProgram, CarriesAnyBytesThrough) {
  std::string bytes(1 << 20, '\0');  // more than a pipe holds
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 >> 3);
  const ProgramResult result = run_program({"cat"}, {.input = bytes});
  EXPECT_EQ(result.start_error, 0);
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, bytes);
  EXPECT_EQ(result.err, "");
}

TEST(RunProgram, TellsHowItEnded) {
  const ProgramResult failed = run_program({"sh", "-c", "echo out; echo err >&2; exit 7"});
  EXPECT_EQ(failed.status, 7);
  EXPECT_EQ(failed.out, "out\n");
  EXPECT_EQ(failed.err, "err\n");
  EXPECT_EQ(run_program({"sh", "-c", "kill -TERM $$"}).status, 128 + SIGTERM);
}

TEST(RunProgram, ArgumentsReachNoShell) {
  EXPECT_EQ(run_program({"printf", "%s|%s", "a b", "$(id); 'x' *"}).out, "a b|$(id); 'x' *");
}

TEST(RunProgram, AnAbsentProgramIsAnAnswer) {
  const ProgramResult absent = run_program({"no-such-program-of-anybody"});
  EXPECT_EQ(absent.start_error, ENOENT);
  EXPECT_EQ(absent.status, -1);
  EXPECT_EQ(absent.why_not_started("install it"), "was not found: install it");
  EXPECT_EQ(ProgramResult{.start_error = EAGAIN}.why_not_started("install it"),
            "cannot be started: Resource temporarily unavailable");
}

TEST(RunProgram, BoundsTheFilesItMakes) {
  const ScratchFolder scratch;
  const auto path = scratch.path() / "large";
  const ProgramResult result =
      run_program({"dd", "if=/dev/zero", "of=" + path.string(), "bs=1000", "count=100"}, {.most_file_bytes = 5000});
  EXPECT_NE(result.status, 0);
  EXPECT_EQ(std::filesystem::file_size(path), 5000u);
}

}  // namespace
}  // namespace cudenza::testing
