#include "models/network.h"

namespace cudenza {

std::vector<ParameterGroup> Network::parameter_groups() {
  std::vector<PrefixGroup> groups = body_groups();
  groups.push_back({"head", {head_prefix_}});
  return group_by_prefix(*this, groups);
}

}  // namespace cudenza
