/// From the parameters of a network to the groups and kinds that FlatParameters wants.
#pragma once
#include <string>
#include <vector>

#include "engine/nn/module.h"
#include "engine/optim/flat_parameters.h"

namespace cudenza {

/// A module's parameters with their kinds: gamma and beta of its normalisations are `norm`, other vectors `bias`, the rest
/// `weight`. In the order of named_parameters().
std::vector<Parameter> parameters_of(Module&);

/// All of them as one group.
ParameterGroup parameter_group(std::string name, Module&);

/// A group by the beginnings of its parameters' names.
struct PrefixGroup {
  std::string name;
  std::vector<std::string> prefixes;  ///< "" begins every name
};
/// Parts the module's parameters: each goes to the group with the longest prefix that begins its name. Throws UsageError
/// where one belongs to none.
std::vector<ParameterGroup> group_by_prefix(Module&, const std::vector<PrefixGroup>&);

}  // namespace cudenza
