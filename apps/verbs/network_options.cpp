#include "apps/verbs/network_options.h"

namespace cudenza {

CLI::Option* add_network_options(CLI::App& verb, NetworkChoice& choice, const std::string& name) {
  std::vector<std::string> names(network_names().begin(), network_names().end());
  verb.add_option(
          "--head", choice.head,
          "linear: the network's own classifier; fastai: pools and two layers; pyramid: the last stages in bands of frequency")
      ->check(CLI::IsMember({"linear", "fastai", "pyramid"}))
      ->capture_default_str();
  verb.add_option("--classes", choice.classes, "number of classes")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  return verb.add_option(name, choice.arch, "the network")->check(CLI::IsMember(names));
}

}  // namespace cudenza
