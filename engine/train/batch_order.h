/// Which rows stand in which batch.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace cudenza {

/// `rows` in an order that depends on seed and epoch alone (Fisher and Yates's shuffle over Philox).
std::vector<int64_t> shuffled(std::span<const int64_t> rows, uint64_t seed, uint32_t epoch);

/// Batches of an epoch: the last short one is dropped, as fastai's training loader does; a set smaller than a batch is one.
int64_t batches_per_epoch(int64_t rows, int64_t batch_size);

}  // namespace cudenza
