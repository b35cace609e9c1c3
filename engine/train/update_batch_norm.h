/// Running statistics of batch norm for weights that never trained as they stand.
#pragma once
#include <cstdint>
#include <span>

#include "engine/nn/module.h"
#include "engine/train/input.h"

namespace cudenza {

/// Sets every batch norm's running mean and variance to the mean of those of the batches that the rows make, without
/// augmentation and dropout (Izmailov et al.: Averaging Weights Leads to Wider Optima; 2018). An average of weights has
/// activations of its own, to which the statistics that training left do not belong: with them it may judge no better than
/// chance. Leaves the network in evaluation. A short last batch is left out, unless it is the only one.
void update_batch_norm(Module& network, Input& input, std::span<const int64_t> rows, int64_t batch_size);

}  // namespace cudenza
