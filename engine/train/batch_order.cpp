#include "engine/train/batch_order.h"

#include <utility>

#include "kernels/common/philox.h"

namespace cudenza {

std::vector<int64_t> shuffled(std::span<const int64_t> rows, uint64_t seed, uint32_t epoch) {
  constexpr uint32_t kShuffle = 0x5f17u;  // its own stream, separate from those of random ops
  std::vector<int64_t> order(rows.begin(), rows.end());
  const kernels::RandomStream stream{.seed = seed, .op = kShuffle, .step = &epoch};
  for (uint64_t left = order.size(); left > 1; --left) {
    const kernels::Random4 random = kernels::random4(stream, left);
    const uint64_t word = static_cast<uint64_t>(random.word[0]) << 32 | random.word[1];
    std::swap(order[left - 1], order[word % left]);  // a bias below 2^-40 for any set that fits in memory
  }
  return order;
}

int64_t batches_per_epoch(int64_t rows, int64_t batch_size) { return rows < batch_size ? rows > 0 : rows / batch_size; }

}  // namespace cudenza
