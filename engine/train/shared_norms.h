/// Batch norms of a network that several processes train together.
#pragma once
#include <utility>
#include <vector>

#include "engine/core/ranks.h"
#include "engine/nn/layers.h"

namespace cudenza {

/// From now on all ranks' rows are one batch in training (BatchNormState::together); null: each rank's own are.
void share_statistics(Module& network, Ranks* together);

/// While it lives, each rank's batch norms go by its own rows.
class OwnStatistics {
 public:
  explicit OwnStatistics(Module& network);
  ~OwnStatistics();
  OwnStatistics(const OwnStatistics&) = delete;
  OwnStatistics& operator=(const OwnStatistics&) = delete;

 private:
  std::vector<std::pair<BatchNorm2d*, Ranks*>> before_;
};

/// Replaces the running statistics that a step has moved by the mean over the ranks, of which this one counts `weight`; the
/// weights of all ranks sum to 1. Does nothing where all ranks' rows are one batch, since the statistics are the same then.
void average_running_statistics(Module& network, Ranks&, double weight);

}  // namespace cudenza
