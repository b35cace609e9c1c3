/// bench train and infer on the CPU, and what bench goals makes of a folder of measurements.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "engine/io/atomic_file.h"
#include "tests/support/content_of.h"
#include "tests/support/program.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {

using Json = nlohmann::json;

/// Measure -> what the program says of it.
std::map<std::string, Json> goals_of(const std::filesystem::path& folder) {
  const Ran ran = run_program("bench goals --json " + folder.string());
  EXPECT_EQ(ran.status, 0) << ran.err;
  std::map<std::string, Json> goals;
  for (const Json& goal : Json::parse(ran.out)) goals[goal["measure"]] = goal;
  return goals;
}

Json run(const std::string& bench, const std::string& precision, int batch, double images_per_s, double peak_bytes) {
  return {{"bench", bench},      {"model", "resnet50"},          {"precision", precision},
          {"batch_size", batch}, {"images_per_s", images_per_s}, {"peak_bytes", peak_bytes}};
}

std::string line(const std::string& precision, const std::string& variant, double ours, double torch) {
  return Json{{"bench", "train"},
              {"model", "resnet50"},
              {"precision", precision},
              {"batch_size", 256},
              {"variant", variant},
              {"ours", run("train", precision, 256, ours, 6e9)},
              {"torch", run("train", precision, 256, torch, 1e10)}}
             .dump() +
         '\n';
}

TEST(BenchGoals, AnEmptyFolderHasMeasuredNothing) {
  const ScratchFolder folder;
  const auto goals = goals_of(folder.path());
  EXPECT_GE(goals.size(), 20u);
  for (const auto& [measure, goal] : goals) {
    EXPECT_EQ(goal["measured"], "not measured") << measure;
    EXPECT_TRUE(goal["met"].is_null()) << measure;
  }
}

TEST(BenchGoals, LaysOurBestBesideTheirBest) {
  const ScratchFolder folder;
  write_atomically(folder.path() / "card", "NVIDIA H200\n");
  write_atomically(folder.path() / "networks.jsonl",
                   line("fp16", "eager", 9000, 4000) + line("bf16", "eager", 8000, 5000) + line("fp16", "graphs", 9000, 7500));
  const auto goals = goals_of(folder.path());
  const Json eager = goals.at("ResNet50 training, batch 256, beside eager"),
             graphs = goals.at("ResNet50 training, batch 256, beside the best of compile and graphs"),
             h200 = goals.at("ResNet50 training on an H200");
  EXPECT_EQ(eager["measured"], "1.80x");
  EXPECT_EQ(eager["met"], true);
  EXPECT_EQ(graphs["measured"], "1.20x");
  EXPECT_EQ(graphs["met"], false);
  EXPECT_EQ(h200["measured"], "9000 images/s");
  EXPECT_EQ(h200["met"], true);
  EXPECT_EQ(goals.at("peak memory of ResNet50 training, beside eager")["measured"], "0.60x");
}

TEST(BenchGoals, JudgesStepsKernelsAndStarts) {
  const ScratchFolder folder;
  write_atomically(folder.path() / "card", "NVIDIA A100\n");
  Json steady = run("train", "f16", 256, 9000, 1), waits = steady;
  steady["per_step"] = {{"replays", 1.0}, {"allocations", 0.0}, {"synchronisations", 0.0}, {"host_copies", 3.0}};
  waits["per_step"] = {{"replays", 1.0}, {"allocations", 0.0}, {"synchronisations", 0.5}, {"host_copies", 3.0}};
  write_atomically(folder.path() / "ours-1.json", Json::array({steady}).dump());
  write_atomically(folder.path() / "start-cold.json", Json::array({{{"first_step_s", 1.6}}}).dump());
  const Json kernels{{"benchmarks",
                      {{{"name", "relu/x/forward/cuda:0/f32/manual_time"}, {"share_of_copy", 0.9}},
                       {{"name", "pool/x/forward/cuda:0/f32/manual_time"}, {"share_of_copy", 0.5}},
                       {{"name", "conv2d/x/forward/cuda:0/f32/manual_time"}, {"share_of_copy", 0.1}, {"gflop_per_s", 1.0}},
                       {{"name", "mixup/pictures_256/forward/cuda:0/bf16/iterations:10/manual_time"}, {"share_of_copy", 0.95}}}}};
  write_atomically(folder.path() / "bench-all.json", kernels.dump());
  auto goals = goals_of(folder.path());
  const std::string step = "a step in the steady state: graph launches, allocations, waits";
  EXPECT_EQ(goals.at(step)["met"], true);
  EXPECT_EQ(goals.at("start of the process to the first trained step, cold")["met"], false);
  EXPECT_EQ(goals.at("start of the process to the first trained step, with the plan cache")["measured"], "not measured");
  EXPECT_EQ(goals.at("mixup, batch 256, bf16")["met"], true);
  EXPECT_EQ(goals.at("every memory-bound kernel")["measured"], "2 of 3 reach it; lowest: pool/x/forward/cuda:0/f32 50 %");
  EXPECT_TRUE(goals.at("ResNet50 training on an H200")["met"].is_null());
  write_atomically(folder.path() / "ours-2.json", Json::array({waits}).dump());
  goals = goals_of(folder.path());
  EXPECT_EQ(goals.at(step)["met"], false);
}

TEST(BenchGoals, NamesAFileThatIsNoJson) {
  const ScratchFolder folder;
  write_atomically(folder.path() / "ours-1.json", "[{");
  const Ran ran = run_program("bench goals " + folder.path().string());
  EXPECT_EQ(ran.status, 3);
  EXPECT_NE(ran.err.find("ours-1.json"), std::string::npos) << ran.err;
}

TEST(BenchTrain, TellsSpeedMemoryAndTheFirstStep) {
  const Ran ran = run_program("bench train --model resnet34 --image-size 32 --batch-size 2 --seconds 0 --device cpu --json");
  ASSERT_EQ(ran.status, 0) << ran.err;
  const Json r = Json::parse(ran.out).at(0);
  EXPECT_GT(r["images_per_s"].get<double>(), 0);
  EXPECT_GT(r["peak_bytes"].get<double>(), 4.0 * 21797672);  // the weights alone
  EXPECT_GT(r["first_step_s"].get<double>(), 0);
  EXPECT_LT(r["first_step_s"].get<double>(), 600);
}

TEST(Bench, PrecisionMayBeInCapitals) {
  const Ran ran =
      run_program("bench infer --model resnet34 --image-size 32 --batch-size 1 --seconds 0 --precision BF16 --device cpu --json");
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(Json::parse(ran.out).at(0)["precision"], "bf16");
}

// The first inference tries each convolution's algorithms; later ones know, unless the file is damaged.
TEST(BenchInfer, KeepsItsTrialsInACacheThatMayBeDamaged) {
  const ScratchFolder cache;
  const auto infer = [&](const std::string& more) {
    const Ran ran = run_command("env XDG_CACHE_HOME=" + cache.path().string() + ' ' + program_under_test(),
                                "bench infer --model resnet34 --image-size 64 --batch-size 1 --seconds 0 --json " + more);
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_GT(Json::parse(ran.out)[0]["planned_bytes"], 0);
  };
  const auto folder = cache.path() / "cudenza";
  infer("--no-trials");
  EXPECT_FALSE(std::filesystem::exists(folder));
  infer("");
  ASSERT_TRUE(std::filesystem::exists(folder));
  const std::filesystem::path file = std::filesystem::directory_iterator(folder)->path();
  const std::string kept = content_of(file);
  EXPECT_NE(kept.find("w[64,3,3,64] stride 1 pad 1 threads"), std::string::npos) << kept;
  const auto time = std::filesystem::last_write_time(file);
  infer("");
  EXPECT_EQ(std::filesystem::last_write_time(file), time) << "nothing is tried again";
  std::string damaged = kept;
  damaged[kept.size() - 2] ^= 1;
  write_atomically(file, damaged);
  infer("");
  EXPECT_NE(content_of(file), damaged);
  write_atomically(file, "");
  infer("");
  EXPECT_NE(content_of(file), "");
}

}  // namespace
}  // namespace cudenza::testing
