/// cudenza info --arch A: a network described layer by layer.
#pragma once
#include "apps/study/network_choice.h"

namespace cudenza {

/// Prints what each layer of the network makes of one picture of side x side: shape, parameters, FLOPs, memory.
void describe_network(const NetworkChoice&, int side, bool as_json);

}  // namespace cudenza
