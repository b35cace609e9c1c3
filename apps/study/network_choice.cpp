#include "apps/study/network_choice.h"

#include "apps/study/model_file.h"

namespace cudenza {

std::unique_ptr<Network> NetworkChoice::make(int in_channels) const {
  return make_network(arch, {.classes = classes, .in_channels = in_channels, .head = head_from_name(head), .dropout = dropout});
}

}  // namespace cudenza
