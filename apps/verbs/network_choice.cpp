#include "apps/verbs/network_choice.h"

#include "engine/libraries/math_mode.h"
#include "engine/libraries/winograd/cpu_features.h"

namespace cudenza {

std::unique_ptr<Network> NetworkChoice::make(int in_channels) const {
  return make_network(arch, {.classes = classes,
                             .in_channels = in_channels,
                             .head = head == "fastai" ? HeadKind::fastai : HeadKind::original,
                             .dropout = dropout});
}

CLI::Option* add_network_options(CLI::App& verb, NetworkChoice& choice, const std::string& name) {
  std::vector<std::string> names(network_names().begin(), network_names().end());
  verb.add_option("--head", choice.head, "linear: the network's own classifier; fastai: pools and two layers")
      ->check(CLI::IsMember({"linear", "fastai"}))
      ->capture_default_str();
  verb.add_option("--classes", choice.classes, "number of classes")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  return verb.add_option(name, choice.arch, "the network")->check(CLI::IsMember(names));
}

DType chosen_type(const Common& common, Device device, DType automatic) {
  MathMode mode = math_mode();
  mode.tf32_convolutions = mode.tf32_matmuls = common.precision == "tf32";
  mode.deterministic = common.deterministic;
  mode.autotune = mode.autotune || common.autotune;
  set_math_mode(mode);
  if (common.precision == "auto") return automatic;
  if (common.precision == "bf16") return DType::bf16;
  if (common.precision == "fp16") return DType::f16;
  require(common.precision != "tf32" || device.is_cuda(), "--precision tf32 is a GPU's; on {} take fp32 or bf16", device);
  return DType::f32;
}

DType study_type(const Common& common, Device device) {
  return chosen_type(common, device, device.is_cuda() || cpu_multiplies_bf16() ? DType::bf16 : DType::f32);
}

}  // namespace cudenza
