/// The networks by name.
#pragma once
#include <memory>
#include <string_view>
#include <vector>

#include "models/network.h"

namespace cudenza {

/// alexnet vgg16 vgg16_bn resnet34 resnet50 resnetrs50
const std::vector<std::string_view>& network_names();
/// The network called `name`; its parameters are not initialised yet. Throws UsageError naming the choices.
std::unique_ptr<Network> make_network(std::string_view name, const NetworkOptions& = {});

}  // namespace cudenza
