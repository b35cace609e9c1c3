#include "models/conv_stages.h"

#include <fmt/format.h>

namespace cudenza {

std::vector<Stage> stages_of(const ConvSequential& body, std::string_view name, const std::vector<size_t>& ends) {
  const auto parts = body.children();
  std::vector<Stage> stages;
  size_t next = 0;
  for (const size_t end : ends) {
    Stage& stage = stages.emplace_back(Stage{.name = fmt::format("block {}", stages.size() + 1), .prefixes = {}});
    for (; next < end; ++next) {
      stage.prefixes.push_back(fmt::format("{}.{}.", name, next));
      if (const auto* conv = dynamic_cast<const Conv2d*>(parts[next].second))
        stage.channels = static_cast<int>(conv->weight.size(0));
    }
  }
  return stages;
}

Tensor run_stage(ConvSequential& body, const std::vector<size_t>& ends, int index, const Tensor& x) {
  const auto at = static_cast<size_t>(index);
  return body.range(x, at == 0 ? 0 : ends[at - 1], ends[at]);
}

}  // namespace cudenza
