/// Where tiles lie, and their windows' way into the positions of the transform.
#pragma once
#include "kernels/winograd/transforms.h"
#include "kernels/winograd/winograd.h"

namespace cudenza::kernels::winograd {

/// From one position to the next in an array of so many floats for each: somewhat more, since distances of powers of two would
/// bring all positions of an element to the same few lines of a cache.
constexpr int64_t stride_of(int64_t floats) { return floats + 16; }
/// Of the whole array.
constexpr int64_t positions_of(int64_t floats) { return kPositions * stride_of(floats); }

/// A picture's place in a batch, or a batch's: [batch, height, width, channels].
template <class T> struct Pictures {
  T* at;
  int64_t height, width, channels;
};

/// The tiles of a batch's outputs, row by row, picture by picture.
struct Tiles {
  int64_t side, rows, columns, all;

  explicit Tiles(const WinogradShape& s) : side(s.tile()), rows(s.tile_rows()), columns(s.tile_columns()), all(s.tiles()) {}

  int64_t picture(int64_t tile) const { return tile / (rows * columns); }
  int64_t top(int64_t tile) const { return tile / columns % rows * side; }
  int64_t left(int64_t tile) const { return tile % columns * side; }
};

/// Element (i, j) of the transformed window whose corner is (top, left) of a picture, for all channels:
/// to[(i · kWindow + j) · stride + c]. Zeros stand around the picture.
template <class Transform, class T>
void transform_window(const Pictures<const T>& x, int64_t picture, int64_t top, int64_t left, float* to, int64_t stride) {
  constexpr int kFrom = Transform::kFrom;
  const T* const corner = x.at + ((picture * x.height + top) * x.width + left) * x.channels;
  const auto load = [&](int i, int j, int64_t c) { return simd_load(corner + (i * x.width + j) * x.channels + c); };
  const auto store = [&](int i, int j, int64_t c, Vector v) { simd_store(to + (i * kWindow + j) * stride + c, v); };
  if (top >= 0 && left >= 0 && top + kFrom <= x.height && left + kFrom <= x.width) {
    for (int64_t c = 0; c < x.channels; c += kVector) {
      transform<Transform>([&](int i, int j) { return load(i, j, c); }, [&](int i, int j, Vector v) { store(i, j, c, v); });
    }
    return;
  }
  const auto inside = [&](int i, int j) { return top + i >= 0 && top + i < x.height && left + j >= 0 && left + j < x.width; };
  for (int64_t c = 0; c < x.channels; c += kVector) {
    transform<Transform>([&](int i, int j) { return inside(i, j) ? load(i, j, c) : Vector{}; },
                         [&](int i, int j, Vector v) { store(i, j, c, v); });
  }
}

}  // namespace cudenza::kernels::winograd
