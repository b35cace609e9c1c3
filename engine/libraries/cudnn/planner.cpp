#include "engine/libraries/cudnn/planner.h"

#include <limits>

namespace cudenza::cudnn {
namespace {

/// The first candidate that can be built and needs at most `workspace` bytes.
std::optional<Plan> first(const Candidates& candidates, size_t workspace) {
  for (int i = 0; i < candidates.count(); ++i) {
    auto plan = candidates.build(i);
    if (plan && plan->workspace_bytes() <= workspace) return plan;
  }
  return std::nullopt;
}

/// The fastest of the first kTried that need at most `workspace` bytes.
std::optional<Plan> fastest(const Candidates& candidates, size_t workspace, const Timer& timer) {
  std::optional<Plan> best;
  double least = std::numeric_limits<double>::infinity();
  int tried = 0;
  for (int i = 0; i < candidates.count() && tried < Planner::kTried; ++i) {
    auto plan = candidates.build(i);
    if (!plan || plan->workspace_bytes() > workspace) continue;
    ++tried;
    const auto seconds = timer(*plan);
    if (!seconds || *seconds >= least) continue;
    least = *seconds;
    best = std::move(plan);
  }
  return best;
}

}  // namespace

size_t Planner::Hash::operator()(const Question& q) const {
  const auto& g = q.graph;
  const auto& s = g.shape;
  const int flags = g.bias | g.residual << 1 | g.relu << 2 | g.tf32 << 3 | g.deterministic << 4 | q.timed << 5;
  uint64_t hash = 0;
  for (const int64_t v : {int64_t{flags}, static_cast<int64_t>(g.function), int64_t{g.alignment}, static_cast<int64_t>(s.dtype),
                          s.batch, s.height, s.width, s.in_channels, s.out_channels, s.kernel_h, s.kernel_w, s.stride, s.pad}) {
    hash = (hash ^ static_cast<uint64_t>(v)) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
  }
  return hash;
}

const Plan* Planner::plan(const Graph& graph, const Timer& timer) {
  const Question question{graph, timer != nullptr};
  auto known = plans_.find(question);
  if (known == plans_.end()) known = plans_.emplace(question, found(graph, timer)).first;
  return known->second ? &*known->second : nullptr;
}

/// Loads the plan from disk, or chooses one and stores it.
std::optional<Plan> Planner::found(const Graph& graph, const Timer& timer) const {
  const std::string name = graph.text() + (timer ? " by trial" : "");
  if (const auto file = files_.load(name)) {
    if (file->json.empty()) return std::nullopt;
    if (auto plan = Plan::from_json(file->json, file->engine, card_)) return plan;
  }
  auto [plan, any_candidate] = chosen(graph, timer);
  if (const auto json = plan ? plan->json() : std::nullopt) files_.store(name, {plan->engine(), *json});
  if (!any_candidate) files_.store(name, {"none", ""});  // cuDNN has no engine; other failures are not stored
  return std::move(plan);
}

Planner::Choice Planner::chosen(const Graph& graph, const Timer& timer) const {
  Choice choice;
  for (const size_t workspace : {kMostWorkspace, std::numeric_limits<size_t>::max()}) {
    for (const Source source : {Source::heuristics, Source::fallback}) {  // fallbacks last: asking for them takes time
      const Candidates candidates(graph, card_, source);
      choice.any_candidate |= candidates.count() > 0;
      if (timer) choice.plan = fastest(candidates, workspace, timer);
      if (!choice.plan) choice.plan = first(candidates, workspace);
      if (choice.plan) return choice;
    }
    if (!choice.any_candidate) break;
  }
  return choice;
}

}  // namespace cudenza::cudnn
