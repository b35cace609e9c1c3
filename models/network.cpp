#include "models/network.h"

namespace cudenza {

std::vector<std::vector<NamedTensor>> group_by_prefix(const Module& module,
                                                      const std::vector<std::vector<std::string>>& prefixes) {
  std::vector<std::vector<NamedTensor>> groups(prefixes.size());
  for (const NamedTensor& p : module.named_parameters()) {
    size_t best = prefixes.size(), longest = 0;
    for (size_t g = 0; g < prefixes.size(); ++g) {
      for (const std::string& prefix : prefixes[g]) {
        if (p.name.starts_with(prefix) && prefix.size() > longest) best = g, longest = prefix.size();
      }
    }
    require(best < prefixes.size(), "the parameter {} belongs to no group of this network", p.name);
    groups[best].push_back(p);
  }
  return groups;
}

}  // namespace cudenza
