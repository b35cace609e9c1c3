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

namespace {

/// Pictures [N,…] number `begin` to `begin` + `count` - 1, which share the elements.
Tensor some_of(const Tensor& x, int64_t begin, int64_t count) {
  return x.slice(begin * (x.numel() / x.size(0)), {count, x.size(1), x.size(2), x.size(3)});
}

/// Puts the maps of some pictures at their place among those of `pictures`.
void gather(Tensor& all, const Tensor& maps, int64_t begin, int64_t pictures) {
  const Shape shape{pictures, maps.size(1), maps.size(2), maps.size(3)};
  if (!all.defined())
    all = maps.quantization() ? Tensor::quantized(shape, maps.quantization()) : Tensor::empty(shape, maps.dtype());
  some_of(all, begin, maps.size(0)).copy_from(maps);
}

/// How many pictures see the stages with large maps together: in inference on a CPU so few that their maps stay in its caches.
int64_t pictures_at_once(const Tensor& x, bool folded) {
  constexpr int64_t kBytes = 8;  // two pictures in f32, four in 16 bits
  return folded && x.device().is_cpu() ? kBytes / static_cast<int64_t>(size_of(x.dtype())) : x.size(0);
}

bool has_large_maps(const Tensor& x) { return x.shape().rank() == 4 && x.size(1) * x.size(2) > int64_t{28} * 28; }

}  // namespace

/// What stage `first` sees to what the head sees.
Tensor Network::head_input(int first, const Tensor& x) {
  const int first_seen = pyramid_ ? head() - kPyramidStages : head();
  std::vector<Tensor> maps(stages_.size() + 1);  // what stage i sees: of the pyramid's, and of the first that sees small ones
  const int64_t pictures = x.size(0), at_once = pictures_at_once(x, folded());
  const bool in_parts = at_once < pictures && first < head() && has_large_maps(x);
  int i = first;
  maps[static_cast<size_t>(i)] = x;
  for (int64_t n = 0; in_parts && n < pictures; n += at_once) {
    Tensor y = some_of(x, n, std::min(at_once, pictures - n));
    i = first;
    do {
      y = stage(i++, y);
      const bool is_last = i == head() || !has_large_maps(y);
      if (is_last || i > first_seen) gather(maps[static_cast<size_t>(i)], y, n, pictures);
    } while (i < head() && has_large_maps(y));
  }
  for (; i < head(); ++i) {
    Tensor& y = maps[static_cast<size_t>(i)];
    maps[static_cast<size_t>(i) + 1] = stage(i, y);
    if (i <= first_seen) y = {};
  }
  if (!pyramid_) return maps.back();
  return PyramidHead::pooled(std::span(maps).subspan(static_cast<size_t>(std::max(first, first_seen + 1))));
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
