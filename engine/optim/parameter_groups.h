/// Sorts a network's parameters into groups and kinds for FlatParameters.
#pragma once
#include <string>
#include <vector>

#include "engine/nn/module.h"
#include "engine/optim/flat_parameters.h"

namespace cudenza {

/// A module's parameters with their kinds: gamma and beta of its normalisations are `norm`, other vectors `bias`, the rest
/// `weight`. In the order of named_parameters().
std::vector<Parameter> parameters_of(Module&);

/// A module's parameters as one group.
ParameterGroup parameter_group(std::string name, Module&);

/// A group defined by prefixes of parameter names.
struct PrefixGroup {
  std::string name;
  std::vector<std::string> prefixes;  ///< "" matches every name
};
/// Splits the module's parameters: each goes to the group with the longest matching prefix. Throws UsageError if one matches
/// no group.
std::vector<ParameterGroup> group_by_prefix(Module&, const std::vector<PrefixGroup>&);

}  // namespace cudenza
