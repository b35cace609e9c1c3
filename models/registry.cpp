#include "models/registry.h"

#include "engine/core/name_table.h"
#include "models/alexnet.h"
#include "models/resnet.h"
#include "models/resnet_rs.h"
#include "models/vgg.h"

namespace cudenza {

const std::vector<std::string_view>& network_names() {
  static const std::vector<std::string_view> names{"alexnet", "vgg16", "vgg16_bn", "resnet34", "resnet50", "resnetrs50"};
  return names;
}

std::unique_ptr<Network> make_network(std::string_view name, const NetworkOptions& options) {
  if (name == "alexnet") return std::make_unique<AlexNet>(options);
  if (name == "vgg16") return std::make_unique<Vgg16>(false, options);
  if (name == "vgg16_bn") return std::make_unique<Vgg16>(true, options);
  if (name == "resnet34") return std::make_unique<ResNet>(ResNetDepth::resnet34, options);
  if (name == "resnet50") return std::make_unique<ResNet>(ResNetDepth::resnet50, options);
  if (name == "resnetrs50") return std::make_unique<ResNetRs50>(options);
  throw_unknown_name("network", name, network_names());
}

}  // namespace cudenza
