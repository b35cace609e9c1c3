/// A batch for a network from spectrogram pictures kept in memory as bytes, altered at random on the way:
///   y[b,i,j,c] = scale[c] x[rows[b], i, (j + turn_b) mod W, c] + shift[c]        0 inside the blocks masked in picture b
/// Time runs along the columns j. scale and shift normalise, so 0 is the mean.
///   x u8 [R,H,W,C]   rows i64 [B]   y [B,H,W,C]   C at most 4
#pragma once
#include <cstdint>

#include "kernels/common/backend.h"

namespace cudenza::kernels {

/// What may happen to a picture, each with probability 1/2; zero: never. Draws are keyed by (seed, epoch, row).
struct PixelChances {
  int turn = 0;               ///< turned in time by up to this many columns either way, its end coming round
  int columns = 0, rows = 0;  ///< width of the largest masked block of columns (time) and of rows (pitch)
};

struct PixelBatch {
  int64_t resident, batch;  ///< R, B
  int height, width, channels;
  float scale[4], shift[4];
  PixelChances chances;
  uint64_t seed;
};

/// `epoch` is one number on the device; null: epoch 0. A row outside [0, R) gives NaNs.
template <class T> void pixels(Cpu, const PixelBatch&, const uint8_t* x, const int64_t* rows, const uint32_t* epoch, T* y);
template <class T> void pixels(Gpu, const PixelBatch&, const uint8_t* x, const int64_t* rows, const uint32_t* epoch, T* y);

}  // namespace cudenza::kernels
