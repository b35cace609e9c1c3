/// A batch for a network from spectrogram pictures kept in memory as bytes, altered at random on the way:
///   y[b,i,j,c] = scale[c] x[rows[b / views], i, (j + first_b) mod W, c] + shift[c]    0 inside the blocks masked in picture b
/// Time runs along the columns j. scale and shift normalise, so 0 is the mean.
///   x u8 [R,H,W,C]   rows i64 [B / views]   y [B,H,V,C]   V columns are seen of W; C at most 4
#pragma once
#include <cstdint>

#include "kernels/common/backend.h"

namespace cudenza::kernels {

/// What may happen to a picture, each with probability 1/2; zero: never. Draws are keyed by (seed, epoch, the row's name).
struct PixelChances {
  int turn = 0;               ///< turned in time by up to this many columns either way, its end coming round; crops are not
  int columns = 0, rows = 0;  ///< width of the largest masked block of columns (time) and of rows (pitch)
};

/// What is seen of a picture at once.
struct PixelCrop {
  int columns = 0;  ///< V; 0: all W
  int views = 0;    ///< picture b shows place b % views of as many side by side; 0: a place at random, one picture a row
};

struct PixelBatch {
  int64_t resident, batch;  ///< R, B
  int height, width, channels;
  PixelCrop crop = {};
  float scale[4], shift[4];
  PixelChances chances;
  uint64_t seed;
  const int64_t* ids = nullptr;  ///< [R] on the device: names of the rows in the draws; null: their numbers
};

/// `epoch` is one number on the device; null: epoch 0. A row outside [0, R) gives NaNs.
template <class T> void pixels(Reference, const PixelBatch&, const uint8_t* x, const int64_t* rows, const uint32_t* epoch, T* y);
template <class T> void pixels(Cpu, const PixelBatch&, const uint8_t* x, const int64_t* rows, const uint32_t* epoch, T* y);
template <class T> void pixels(Gpu, const PixelBatch&, const uint8_t* x, const int64_t* rows, const uint32_t* epoch, T* y);

}  // namespace cudenza::kernels
