/// Bodies that are one list of convolutions, cut into stages.
#pragma once
#include <string_view>
#include <vector>

#include "engine/nn/layers.h"
#include "models/network.h"

namespace cudenza {

/// Cuts `body`, a child called `name`, behind its modules with the numbers `ends` - 1. Stages are called "block 1" and so on.
std::vector<Stage> stages_of(const ConvSequential& body, std::string_view name, const std::vector<size_t>& ends);

/// The maps after stage `index`.
Tensor run_stage(ConvSequential& body, const std::vector<size_t>& ends, int index, const Tensor& x);

}  // namespace cudenza
