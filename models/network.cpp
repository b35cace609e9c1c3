#include "models/network.h"

#include <algorithm>
#include <span>

#include "engine/core/error.h"

namespace cudenza {

void Network::add_head(const NetworkOptions& o) {
  head_prefix_ = "head.";
  if (o.head == HeadKind::fastai) {
    classifier_ = &child<FastaiHead>(
        "head", {.channels = stages_.back().channels, .classes = o.classes, .dropout = o.dropout, .random = o.random});
    return;
  }
  std::vector<int> channels;
  for (const Stage& stage : std::span(stages_).last(kPyramidStages)) channels.push_back(stage.channels);
  classifier_ = pyramid_ =
      &child<PyramidHead>("head", {.channels = channels, .classes = o.classes, .dropout = o.dropout, .random = o.random});
}

/// What stage `first` sees to what the head sees.
Tensor Network::head_input(int first, const Tensor& x) {
  const int first_seen = pyramid_ ? head() - kPyramidStages : head();
  std::vector<Tensor> seen;
  Tensor y = x;
  for (int i = first; i <= head(); ++i) {
    if (i > first_seen) seen.push_back(y);  // the maps of stage i - 1
    if (i < head()) y = stage(i, y);
  }
  return pyramid_ ? PyramidHead::pooled(seen) : y;
}

Tensor Network::forward_to(int end, const Tensor& x) {
  require(end == beginning(end), "forward_to: the head needs the maps of more stages than those from {} on", end);
  if (end == head()) return head_input(0, x);
  Tensor y = x;
  for (int i = 0; i < end; ++i) y = stage(i, y);
  return y;
}

int Network::beginning(int trained) const {
  return pyramid_ && trained < head() ? std::min(trained, head() - kPyramidStages + 1) : trained;
}

void Network::begin_at(int first) {
  require(first >= 0 && first <= head() && first == beginning(first), "begin_at: stage {} of {} is no beginning for this head",
          first, head());
  first_stage_ = first;
}

std::vector<ParameterGroup> Network::parameter_groups() {
  std::vector<PrefixGroup> groups = body_groups();
  groups.push_back({"head", {head_prefix_}});
  return group_by_prefix(*this, groups);
}

std::vector<ParameterGroup> Network::stage_groups() {
  std::vector<PrefixGroup> groups;
  for (const Stage& stage : stages_) groups.push_back({stage.name, stage.prefixes});
  groups.back().prefixes.emplace_back("");  // layers of the classifier below its last
  groups.push_back({"head", {head_prefix_}});
  return group_by_prefix(*this, groups);
}

}  // namespace cudenza
