/// Recomputes batch norm's running statistics for averaged weights.
#pragma once
#include <cstdint>
#include <span>

#include "engine/core/ranks.h"
#include "engine/nn/module.h"
#include "engine/train/input.h"

namespace cudenza {

/// Sets every batch norm's running mean and variance to their mean over the batches of `rows`, without augmentation and
/// dropout (Izmailov et al.: Averaging Weights Leads to Wider Optima; 2018). Averaged weights have other activations than the
/// trained ones; with the statistics left by training, accuracy may be no better than chance. Leaves the network in
/// evaluation mode. Drops a short last batch, unless it is the only one.
/// Ranks share the batches out.
void update_batch_norm(Module& network, Input& input, std::span<const int64_t> rows, int64_t batch_size, Ranks& ranks);
/// The same for a process alone.
void update_batch_norm(Module& network, Input& input, std::span<const int64_t> rows, int64_t batch_size);

}  // namespace cudenza
