/// Finds the plan of a graph: in memory, on disk, or among cuDNN's candidates, by heuristics or by timing.
#pragma once
#include <functional>
#include <optional>
#include <unordered_map>

#include "engine/libraries/cudnn/graph.h"
#include "engine/libraries/cudnn/plan_files.h"

namespace cudenza::cudnn {

/// Seconds for one execution of a plan; nullopt if it cannot run.
using Timer = std::function<std::optional<double>(const Plan&)>;

/// Not thread-safe.
class Planner {
 public:
  Planner(Card card, PlanFiles files) : card_(std::move(card)), files_(std::move(files)) {}

  /// The plan of a graph, null if cuDNN has none. Without a timer it is the first candidate that can be built; with one, the
  /// fastest of the first kTried, or the first if no trial succeeds. Timed and untimed plans are kept separately, in memory
  /// and on disk. The pointer stays valid.
  const Plan* plan(const Graph&, const Timer& timer = nullptr);
  /// Whether plan() would answer from memory.
  bool knows(const Graph& graph, bool timed) const { return plans_.contains({graph, timed}); }

  static constexpr int kTried = 8;
  /// Candidates that need more workspace are used only if there are no others.
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
