/// What happens to one picture, shared by the CPU loop and the kernel.
#pragma once
#include "kernels/common/math.h"
#include "kernels/common/philox.h"
#include "kernels/pixels/pixels.h"

namespace cudenza::kernels {

struct PixelPlan {
  int first = 0;  ///< column of x seen at the left, in [0, W)
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

/// V.
HOST_DEVICE int columns_seen(const PixelBatch& s) { return s.crop.columns > 0 ? s.crop.columns : s.width; }
/// How many pictures of y stand beside each other for one row.
HOST_DEVICE int views_of(const PixelBatch& s) { return larger(1, s.crop.views); }

/// The first column of a crop: the last of several places is flush with the end, a single one lies in the middle.
HOST_DEVICE int crop_begin(const PixelBatch& s, int view, uint32_t word) {
  const int spare = s.width - columns_seen(s);
  if (s.crop.views == 0) return below(spare + 1, word);
  return s.crop.views == 1 ? spare / 2 : static_cast<int>(static_cast<int64_t>(spare) * view / (s.crop.views - 1));
}

/// Of place `view` of a row.
HOST_DEVICE PixelPlan pixel_plan(const PixelBatch& s, int64_t row, int view, uint32_t epoch) {
  const RandomStream stream{s.seed, 0x70697831u, &epoch};  // a stream apart from the sound's
  const bool has_id = s.ids && row >= 0 && row < s.resident;
  const auto name = static_cast<uint64_t>(has_id ? s.ids[row] : row);
  const Random4 a = random4(stream, 2 * name), b = random4(stream, 2 * name + 1);
  PixelPlan plan;
  const int seen = columns_seen(s);
  if (seen < s.width) plan.first = crop_begin(s, view, b.word[2]);
  else if (s.chances.turn > 0 && (a.word[0] & 1u))
    plan.first = (below(2 * s.chances.turn + 1, a.word[1]) + s.width - s.chances.turn % s.width) % s.width;
  plan.columns = smaller(width_of(s.chances.columns, a.word[2]), seen);
  plan.first_column = below(seen - plan.columns + 1, a.word[3]);
  plan.rows = smaller(width_of(s.chances.rows, b.word[0]), s.height);
  plan.first_row = below(s.height - plan.rows + 1, b.word[1]);
  return plan;
}

}  // namespace cudenza::kernels
