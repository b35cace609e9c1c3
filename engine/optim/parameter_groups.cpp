#include "engine/optim/parameter_groups.h"

#include <set>

#include "engine/nn/layers.h"

namespace cudenza {

std::vector<Parameter> parameters_of(Module& module) {
  std::set<std::string> norms;
  module.visit([&](const std::string& name, const Module& part) {
    if (!dynamic_cast<const BatchNorm2d*>(&part)) return;
    for (const NamedTensor& p : part.named_parameters()) norms.insert(name.empty() ? p.name : name + '.' + p.name);
  });
  std::vector<Parameter> parameters;
  for (const auto& [name, tensor] : module.named_parameters()) {
    const ParameterKind other = tensor.shape().rank() <= 1 ? ParameterKind::bias : ParameterKind::weight;
    parameters.push_back({name, tensor, norms.contains(name) ? ParameterKind::norm : other});
  }
  return parameters;
}

ParameterGroup parameter_group(std::string name, Module& module) { return {std::move(name), parameters_of(module)}; }

std::vector<ParameterGroup> group_by_prefix(Module& module, const std::vector<PrefixGroup>& wanted) {
  std::vector<ParameterGroup> groups;
  for (const PrefixGroup& group : wanted) groups.push_back({group.name, {}});
  for (const Parameter& p : parameters_of(module)) {
    size_t best = wanted.size(), longest = 0;
    for (size_t g = 0; g < wanted.size(); ++g) {
      for (const std::string& prefix : wanted[g].prefixes) {
        if (p.name.starts_with(prefix) && prefix.size() >= longest) best = g, longest = prefix.size();
      }
    }
    require(best < wanted.size(), "the parameter {} belongs to none of {} groups", p.name, wanted.size());
    groups[best].parameters.push_back(p);
  }
  return groups;
}

}  // namespace cudenza
