#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/core/gpu.h"
#include "tests/support/program.h"

namespace cudenza::testing {
namespace {

TEST(Info, JsonHasWhatToolsRead) {
  const Ran ran = run_program("info --json");
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  const auto info = nlohmann::json::parse(ran.out);
  EXPECT_FALSE(info["cudenza"]["version"].get<std::string>().empty());
  EXPECT_FALSE(info["cudenza"]["commit"].get<std::string>().empty());
  EXPECT_FALSE(info["libraries"]["oneDNN"].get<std::string>().empty());
  EXPECT_GE(info["cpu"]["cores"].get<int>(), 1);
  EXPECT_GT(info["cpu"]["memory_bytes"].get<double>(), 1e8);
  EXPECT_EQ(static_cast<int>(info["gpus"].size()), gpu::count());
  EXPECT_EQ(info["why_no_gpu"].is_null(), gpu::count() > 0);
  EXPECT_EQ(info["will_use"]["device"], gpu::count() > 0 ? "cuda:0" : "cpu");
}

TEST(Info, DeviceAndThreadsAreWhatIsAskedFor) {
  const auto info = nlohmann::json::parse(run_program("info --json --device cpu --threads 3").out);
  EXPECT_EQ(info["will_use"]["device"], "cpu");
  EXPECT_EQ(info["will_use"]["threads"], 3);
}

TEST(Info, TextNamesTheDevice) {
  const Ran ran = run_program("--device cpu info");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("will use     cpu"), std::string::npos) << ran.out;
}

}  // namespace
}  // namespace cudenza::testing
