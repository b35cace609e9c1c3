/// What a user gets who types something wrong: the code that scripts test, and a message on stderr alone.
#include <gtest/gtest.h>

#include "engine/core/gpu.h"
#include "tests/support/program.h"

namespace cudenza::testing {
namespace {

void expect_usage_error(const std::string& arguments, const std::string& word) {
  const Ran ran = run_program(arguments);
  EXPECT_EQ(ran.status, 2) << arguments;
  EXPECT_EQ(ran.out, "") << arguments;
  EXPECT_EQ(ran.err.rfind("cudenza: ", 0), 0u) << ran.err;
  EXPECT_NE(ran.err.find(word), std::string::npos) << arguments << ": " << ran.err;
}

TEST(ExitCode, UsageErrorsAreTwo) {
  expect_usage_error("", "--help");
  expect_usage_error("frobnicate", "no verb 'frobnicate'");
  expect_usage_error("info --frobnicate", "--frobnicate");
  expect_usage_error("info --threads -1", "--threads");
  expect_usage_error("info --precision fp7", "fp7");
  expect_usage_error("info --device tpu", "choose auto, cpu, cuda or cuda:N");
  expect_usage_error("info --config /nowhere/run.toml", "/nowhere/run.toml");
}

TEST(ExitCode, HelpAndVersionAreNoErrors) {
  const Ran help = run_program("--help"), verb_help = run_program("info --help"), version = run_program("--version");
  EXPECT_EQ(help.status, 0);
  EXPECT_NE(help.out.find("info"), std::string::npos);
  EXPECT_EQ(verb_help.status, 0);
  EXPECT_EQ(version.status, 0);
  EXPECT_NE(version.out.find('.'), std::string::npos);
  EXPECT_EQ(help.err + verb_help.err + version.err, "");
}

TEST(ExitCode, AbsentGpuIsFour) {
  const Ran ran = run_program("info --device cuda:99");
  EXPECT_EQ(ran.status, 4);
  EXPECT_EQ(ran.out, "");
  EXPECT_NE(ran.err.find(gpu::count() > 0 ? "cuda:99 does not exist" : "use --device cpu"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace cudenza::testing
