/// What happens to one picture, shared by the CPU loop and the kernel.
#pragma once
#include "kernels/common/math.h"
#include "kernels/common/philox.h"
#include "kernels/pixels/pixels.h"

namespace cudenza::kernels {

struct PixelPlan {
  int turn = 0;  ///< in [0, W)
  int first_column = 0, columns = 0, first_row = 0, rows = 0;

  HOST_DEVICE bool masks(int i, int j) const {
    return (j >= first_column && j < first_column + columns) || (i >= first_row && i < first_row + rows);
  }
};

/// A whole number in [0, n), n > 0, from 32 random bits.
HOST_DEVICE int below(int n, uint32_t word) {
  return static_cast<int>((static_cast<uint64_t>(word) * static_cast<uint64_t>(n)) >> 32);
}

/// 0 with probability 1/2, else 1 … most.
HOST_DEVICE int width_of(int most, uint32_t word) { return most > 0 && (word & 1u) ? 1 + below(most, word & ~1u) : 0; }

HOST_DEVICE PixelPlan pixel_plan(const PixelBatch& s, int64_t row, uint32_t epoch) {
  const RandomStream stream{s.seed, 0x70697831u, &epoch};  // a stream apart from the sound's
  const Random4 a = random4(stream, 2 * static_cast<uint64_t>(row)), b = random4(stream, 2 * static_cast<uint64_t>(row) + 1);
  PixelPlan plan;
  if (s.chances.turn > 0 && (a.word[0] & 1u))
    plan.turn = (below(2 * s.chances.turn + 1, a.word[1]) + s.width - s.chances.turn % s.width) % s.width;
  plan.columns = smaller(width_of(s.chances.columns, a.word[2]), s.width);
  plan.first_column = below(s.width - plan.columns + 1, a.word[3]);
  plan.rows = smaller(width_of(s.chances.rows, b.word[0]), s.height);
  plan.first_row = below(s.height - plan.rows + 1, b.word[1]);
  return plan;
}

}  // namespace cudenza::kernels
