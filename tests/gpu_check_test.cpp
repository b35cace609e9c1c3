/// All of `./run gpu-check` on a host whose programs are stand-ins (tests/support/gpu_host.sh): that one JSON and one table come
/// of it, that what is done is not done again, and what it says of faults. What the programs themselves do, a GPU shows.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/io/atomic_file.h"
#include "tests/support/content_of.h"
#include "tests/support/program.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/source_tree.h"

namespace cudenza::testing {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

size_t count(const std::string& text, const std::string& word) {
  size_t found = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
  return found;
}

/// An unpacked bundle beside stand-ins for what the host has.
class GpuCheck : public ::testing::Test {
 protected:
  void SetUp() override {
    const fs::path sources = source_root();
    if (sources.empty()) GTEST_SKIP() << "needs the sources";
    for (const char* file :
         {"run", "bench/gpu_check.sh", "bench/gpu_check_several.sh", "bench/host_libraries.sh", "tests/summary.awk"}) {
      fs::create_directories((root() / file).parent_path());
      fs::copy_file(sources / file, root() / file);
    }
    fs::create_directories(root() / "bench/results");
    write_atomically(root() / "bench/results/predicted.csv",
                     "card,model,use,batch,precision,images_per_s\nStand-In,resnet50,train,256,fp16,6000.0\n"
                     "H100,resnet50,train,256,fp16,7000.0\n");
    fs::create_directories(root() / "lib/gcc");
    write_atomically(root() / "lib/gcc/glibc", "2.17\n");
    stand_in("libexec", {"cudenza", "cudenza_tests", "cudenza_bench", "cudenza_sums"});
    stand_in("host", {"all_reduce_perf", "ldd", "mpirun", "nproc", "nvidia-smi", "nsys", "compute-sanitizer", "python3"});
  }

  /// Calls it; `faults`: of gpu_host.sh. Leaves what the stand-ins were called for in calls_.
  Ran check(const std::string& arguments, const std::string& faults = "") {
    const fs::path calls = root() / "calls";
    fs::remove(calls);
    const Ran ran = run_command(fmt::format(
        "env CALLS='{}' FAULTS='{}' CUDENZA='{}' CUDENZA_SANITIZER_SECONDS=2 "
        "PATH='{}':\"$PATH\" bash '{}' gpu-check {}",
        calls.string(), faults, program_under_test(), (root() / "host").string(), (root() / "run").string(), arguments));
    calls_ = content_of(calls);
    return ran;
  }

  Json json() const { return Json::parse(content_of(result(".json"))); }
  std::string table() const { return content_of(result(".md")); }

  std::string calls_;

 private:
  fs::path root() const { return folder_.path(); }

  void stand_in(const std::string& folder, const std::vector<std::string>& programs) {
    fs::create_directories(root() / folder);
    const fs::path script = fs::path(source_root()) / "tests/support/gpu_host.sh";
    for (const std::string& program : programs) fs::create_symlink(script, root() / folder / program);
  }

  fs::path result(const std::string& ending) const {
    for (const auto& entry : fs::directory_iterator(root() / "results"))
      if (entry.path().extension() == ending) return entry.path();
    return {};
  }

  ScratchFolder folder_;
};

TEST_F(GpuCheck, LeavesOneJsonAndOneTable) {
  const Ran ran = check("", "torch");
  ASSERT_EQ(ran.status, 0) << ran.err;
  const Json all = json();
  EXPECT_EQ(all["card"], "NVIDIA Stand-In");
  EXPECT_EQ(all["driver"], "580.0");
  EXPECT_EQ(all["tests"]["passed"], 8);  // one in each of eight processes
  EXPECT_EQ(all["tests"]["skipped_because"], Json({"1: another card"}));
  EXPECT_EQ(all["sanitizer"]["memcheck"], "8 tests without a fault");
  EXPECT_EQ(all["sanitizer"]["racecheck"], "8 tests without a fault");
  EXPECT_EQ(all["networks"].size(), 22u);
  EXPECT_EQ(all["start"]["warm"][0]["first_step_s"], 1.0);
  EXPECT_EQ(all["kernels"].size(), 2u);  // families
  EXPECT_EQ(all["beside_pytorch"].size(), 1u);
  EXPECT_TRUE(all["pytorch_ops"].contains("benchmarks"));
  EXPECT_EQ(all["goals"][0]["measured"], "1.60x");
  const std::string text = table();
  for (const char* line :
       {"# NVIDIA Stand-In", "| tests | 8 passed, 0 failed, 1 skipped |", "beside eager | 1.60x | 1.60x | met |",
        "| memcheck | 8 tests without a fault |", "train  resnet50  1.60x", "2600 GB/s", "cudaGraphLaunch 1",
        "| train resnet50, batch 256 | 6000 | 9000 | 0.67 |"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(count(calls_, "\ncudenza bench train"), count(calls_, "--autotune") + 2);  // both starts go without
}

TEST_F(GpuCheck, DoesNothingTwice) {
  ASSERT_EQ(check("").status, 0);
  EXPECT_GT(count(calls_, "cudenza_tests "), 0u);
  ASSERT_EQ(check("").status, 0);
  EXPECT_EQ(count(calls_, "cudenza_tests"), 0u) << calls_;
  EXPECT_EQ(count(calls_, "bench train"), 0u) << calls_;
  ASSERT_EQ(check("tests --again").status, 0);
  EXPECT_EQ(count(calls_, "cudenza_tests"), 8u) << calls_;
}

TEST_F(GpuCheck, NamesAFailedTestAndRunsItAgain) {
  Ran ran = check("tests sanitize", "failure");
  EXPECT_EQ(ran.status, 1) << ran.err;
  EXPECT_EQ(json()["tests"]["failures"], Json({"Shard3.Second"}));
  EXPECT_NE(table().find("| failed | Shard3.Second |"), std::string::npos);
  EXPECT_EQ(json()["sanitizer"]["memcheck"], "failed");  // a test that fails there is no clean bill
  ran = check("tests sanitize");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(json()["tests"]["failed"], 0);
  EXPECT_EQ(json()["sanitizer"]["memcheck"], "8 tests without a fault");
}

TEST_F(GpuCheck, CountsACrashAsAFailure) {
  EXPECT_EQ(check("tests", "crash").status, 1);
  const std::string failure = json()["tests"]["failures"][0];
  EXPECT_EQ(failure.find("Shard3.Second"), 0u) << failure;
}

TEST_F(GpuCheck, ShowsWhatTheSanitizerFound) {
  const Ran ran = check("sanitize", "hazard");
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.err.find("Invalid __global__ write"), std::string::npos) << ran.err;
  EXPECT_EQ(json()["sanitizer"]["memcheck"], "failed");
  EXPECT_TRUE(json()["tests"].is_null());
}

TEST_F(GpuCheck, TellsHowFarASlowSanitizerCame) {
  EXPECT_EQ(check("sanitize", "slowness").status, 0);
  EXPECT_EQ(json()["sanitizer"]["racecheck"], "stopped after 2 s; 8 tests without a fault until then");
}

TEST_F(GpuCheck, AFaultFoundBeforeTheTimeWasUpCounts) {
  EXPECT_EQ(check("sanitize", "slowness hazard").status, 1);
  EXPECT_EQ(json()["sanitizer"]["memcheck"], "failed");
}

TEST_F(GpuCheck, TheSanitizerHasFoundNothingIfNoTestRan) {
  EXPECT_EQ(check("sanitize", "no-tests").status, 1);
  EXPECT_EQ(json()["sanitizer"]["memcheck"], "failed");
}

TEST_F(GpuCheck, GoesOnWhereTimeRanOut) {
  Ran ran = check("--minutes 0");
  EXPECT_EQ(ran.status, 3);
  EXPECT_NE(ran.err.find("tests memcheck racecheck start train-resnet50-fp16"), std::string::npos) << ran.err;
  EXPECT_EQ(json()["sanitizer"]["memcheck"], "not run");
  ran = check("");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(json()["networks"].size(), 22u);
}

TEST_F(GpuCheck, TakesAQuarterOfABatchThatHasNoRoom) {
  ASSERT_EQ(check("bench", "little-memory").status, 0);
  for (const Json& run : json()["networks"]) EXPECT_LE(run[0]["batch_size"].get<int>(), 64) << run;
}

TEST_F(GpuCheck, LaysSeveralGpusBesideOneAndBesideNcclTests) {
  ASSERT_EQ(check("several", "three-gpus h5py").status, 0);
  const Json several = json()["several_gpus"];
  EXPECT_EQ(several["outcome"], "3 GPUs");
  ASSERT_EQ(several["sums"].size(), 2u);  // between two, and between all
  EXPECT_EQ(several["sums"][1][0]["ranks"], 3);
  EXPECT_EQ(several["equality"][0]["ranks"], 2);
  EXPECT_EQ(several["weak_scaling"][0]["efficiency"], 0.9);
  const std::string text = table();
  for (const char* line : {"| several GPUs | 3 GPUs |", "## Sums between 2 GPUs", "| 1024 | 20.0 | 0.05 | 0.06 |",
                           "| resnet50 | 2 | 128 | 90 % |"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
  EXPECT_NE(calls_.find("ranks.py"), std::string::npos);
  EXPECT_NE(calls_.find("--device cuda --ranks 2,3"), std::string::npos) << calls_;
}

TEST_F(GpuCheck, SaysWhySeveralGpusAreNotTried) {
  Ran ran = check("several");
  EXPECT_EQ(ran.status, 0);
  EXPECT_NE(ran.err.find("several: needs two GPUs, and here is one"), std::string::npos) << ran.err;
  EXPECT_EQ(json()["several_gpus"]["outcome"], "needs two GPUs, and here is one");
  EXPECT_TRUE(json()["several_gpus"]["equality"].is_null());
  ran = check("several", "three-gpus");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.err.find("no python3 with h5py and numpy"), std::string::npos) << ran.err;
  EXPECT_EQ(json()["several_gpus"]["sums"].size(), 2u);
}

TEST_F(GpuCheck, RefusesWhatCannotBe) {
  Ran ran = check("", "no-gpu");
  EXPECT_EQ(ran.status, 4);
  EXPECT_EQ(ran.err, "run: gpu-check needs a GPU: the driver is older than CUDA 13\n");
  ran = check("everything");
  EXPECT_EQ(ran.status, 2);
  EXPECT_NE(ran.err.find("not everything"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace cudenza::testing
