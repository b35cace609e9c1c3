/// The rows of each batch.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace cudenza {

/// Shuffles `rows`; the order depends on seed and epoch alone (Fisher-Yates with Philox).
std::vector<int64_t> shuffled(std::span<const int64_t> rows, uint64_t seed, uint32_t epoch);

/// Batches per epoch. A short last batch is dropped, as in fastai's training loader, unless it is the only one.
int64_t batches_per_epoch(int64_t rows, int64_t batch_size);

}  // namespace cudenza
