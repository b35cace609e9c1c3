/// Finds the plan of a graph: from memory, from disk, or from cuDNN's candidates, by its heuristics or by trial.
#pragma once
#include <functional>
#include <optional>
#include <unordered_map>

#include "engine/libraries/cudnn/graph.h"
#include "engine/libraries/cudnn/plan_files.h"

namespace cudenza::cudnn {

/// Seconds that one execution of a plan takes; none if it cannot run.
using Timer = std::function<std::optional<double>(const Plan&)>;

/// Not for several threads at a time.
class Planner {
 public:
  Planner(Card card, PlanFiles files) : card_(std::move(card)), files_(std::move(files)) {}

  /// The plan of a graph, null where cuDNN has none. Without a timer the first candidate that can be built; with one the
  /// fastest of the first kTried, or the first if no trial succeeds. Either is found once and then remembered, here and on
  /// disk, each for itself. The pointer stays good.
  const Plan* plan(const Graph&, const Timer& timer = nullptr);
  /// Whether plan() would answer from memory.
  bool knows(const Graph& graph, bool timed) const { return plans_.contains({graph, timed}); }

  static constexpr int kTried = 8;
  /// Candidates that ask for more workspace are taken only where there is no other.
  static constexpr size_t kMostWorkspace = size_t{1} << 30;

 private:
  struct Question {
    Graph graph;
    bool timed;
    bool operator==(const Question&) const = default;
  };
  struct Hash {
    size_t operator()(const Question&) const;
  };
  std::optional<Plan> found(const Graph&, const Timer&) const;
  struct Choice {
    std::optional<Plan> plan;
    bool any_candidate = false;
  };
  Choice chosen(const Graph&, const Timer&) const;

  Card card_;
  PlanFiles files_;
  std::unordered_map<Question, std::optional<Plan>, Hash> plans_;
};

}  // namespace cudenza::cudnn
