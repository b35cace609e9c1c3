/// Planner on a card that is only described: precompiled plans can be made, stored, read back and compared, all but run.
#include <gtest/gtest.h>

#include <map>

#include "engine/libraries/cudnn/planner.h"
#include "engine/libraries/versions.h"
#include "tests/support/network_convs.h"
#include "tests/support/offline_cards.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::testing {
namespace {

using cudnn::Function;
using cudnn::Graph;
using cudnn::Plan;
using cudnn::PlanFiles;
using cudnn::Planner;

class CudnnPlanner : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = make_cudnn_answer(); !why.empty()) GTEST_SKIP() << "cuDNN cannot be asked: " << why;
  }

  Planner planner() const { return {h200(), files_}; }
  static cudnn::Card h200() { return offline_cards()[3].card; }

  const Graph graph_{.function = Function::backward_weights, .shape = kNetworkConvs[15].shape(DType::bf16, 64)};
  ScratchFolder scratch_;
  PlanFiles files_{scratch_.path()};
};

TEST_F(CudnnPlanner, APlanSurvivesItsSerialisedForm) {
  Planner first = planner();
  const Plan* plan = first.plan(graph_);
  ASSERT_NE(plan, nullptr);
  const auto json = plan->json();
  ASSERT_TRUE(json);
  const auto copy = Plan::from_json(*json, plan->engine(), h200());
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->workspace_bytes(), plan->workspace_bytes());
  EXPECT_EQ(copy->json(), json);
}

TEST_F(CudnnPlanner, RemembersAPlan) {
  Planner first = planner();
  EXPECT_FALSE(first.knows(graph_, false));
  const Plan* plan = first.plan(graph_);
  EXPECT_TRUE(first.knows(graph_, false));
  EXPECT_FALSE(first.knows(graph_, true));
  Graph other = graph_;
  other.shape.batch = 32;
  first.plan(other);
  EXPECT_EQ(first.plan(graph_), plan);
}

TEST_F(CudnnPlanner, TheNextProcessReadsThePlanFromDisk) {
  Planner first = planner();
  ASSERT_NE(first.plan(graph_), nullptr);
  auto file = files_.load(graph_.text());
  ASSERT_TRUE(file);
  file->engine = "as the file says";
  files_.store(graph_.text(), *file);
  Planner second = planner();
  const Plan* plan = second.plan(graph_);
  ASSERT_NE(plan, nullptr);
  EXPECT_EQ(plan->engine(), "as the file says");
}

TEST_F(CudnnPlanner, AStaleFileIsIgnoredAndWrittenAnew) {
  files_.store(graph_.text(), {"of another world", "{\"cudnnVersion\": 1}"});
  Planner first = planner();
  const Plan* plan = first.plan(graph_);
  ASSERT_NE(plan, nullptr);
  EXPECT_NE(plan->engine(), "of another world");
  const auto file = files_.load(graph_.text());
  ASSERT_TRUE(file);
  EXPECT_EQ(file->engine, plan->engine());
}

TEST_F(CudnnPlanner, AGraphWithoutAnEngineIsRememberedToo) {
  const Graph hopeless{.function = Function::forward_stats, .shape = kNetworkConvs[15].shape(DType::bf16, 64)};
  Planner first = planner();
  EXPECT_EQ(first.plan(hopeless), nullptr);
  EXPECT_TRUE(first.knows(hopeless, false));
  const auto file = files_.load(hopeless.text());
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->json.empty());
  Planner second = planner();
  EXPECT_EQ(second.plan(hopeless), nullptr);
}

TEST_F(CudnnPlanner, TrialsTakeTheFastestThatRuns) {
  std::map<std::string, int> timed;
  int count = 0;
  const auto timer = [&](const Plan& plan) -> std::optional<double> {
    timed[plan.engine()] = ++count;
    if (count == 5) return std::nullopt;  // the fastest does not run
    return count == 3 ? 1e-3 : 2e-3;
  };
  Planner first = planner();
  const Plan* plan = first.plan(graph_, timer);
  ASSERT_NE(plan, nullptr);
  EXPECT_EQ(count, Planner::kTried);
  EXPECT_EQ(timed[plan->engine()], 3);
  EXPECT_EQ(first.plan(graph_, timer), plan) << "a second trial";
  EXPECT_EQ(count, Planner::kTried);
  Planner second = planner();
  EXPECT_EQ(second.plan(graph_, timer)->engine(), plan->engine());
  EXPECT_EQ(count, Planner::kTried) << "what was tried is on disk";
}

TEST_F(CudnnPlanner, WhereNoTrialSucceedsTheHeuristicsDecide) {
  Planner first = planner();
  const Plan* plan = first.plan(graph_, [](const Plan&) { return std::optional<double>(); });
  ASSERT_NE(plan, nullptr);
  EXPECT_EQ(plan->engine(), first.plan(graph_)->engine());
}

TEST_F(CudnnPlanner, NonsenseIsNoPlan) {
  EXPECT_FALSE(Plan::from_json("", "x", h200()));
  EXPECT_FALSE(Plan::from_json("{}", "x", h200()));
  EXPECT_FALSE(Plan::from_json("{\"cudnnVersion\": 91900, \"operationGraph\": 7}", "x", h200()));
}

TEST(GpuLibraries, SayTheirVersions) {
  std::string text;
  for (const auto& [name, version] : cuda_libraries()) text += name + ' ' + version + ", ";
  for (const char* part : {"CUDA runtime 1", "cuDNN 9.", "cudnn-frontend 1.", "cuBLAS 1"}) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace cudenza::testing
