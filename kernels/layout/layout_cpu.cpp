#include <cstring>

#include "kernels/common/streaming.h"
#include "kernels/layout/layout.h"

namespace cudenza::kernels {
namespace {

constexpr int kVectorBytes = 16;

template <class Element> using Vector __attribute__((vector_size(kVectorBytes))) = Element;

template <class Element>
constexpr int kSide = kVectorBytes / static_cast<int>(sizeof(Element));  // a square of kSide vectors is turned in registers

/// The lower (or upper) halves of a and b, element by element in turn.
template <bool upper, class Element> Vector<Element> interleave(Vector<Element> a, Vector<Element> b) {
  constexpr int H = upper ? kSide<Element> / 2 : 0, B = kSide<Element> + H;
  if constexpr (kSide<Element> == 2) return __builtin_shufflevector(a, b, H, B);
  if constexpr (kSide<Element> == 4) return __builtin_shufflevector(a, b, H, B, H + 1, B + 1);
  if constexpr (kSide<Element> == 8) return __builtin_shufflevector(a, b, H, B, H + 1, B + 1, H + 2, B + 2, H + 3, B + 3);
  if constexpr (kSide<Element> == 16) {
    return __builtin_shufflevector(a, b, H, B, H + 1, B + 1, H + 2, B + 2, H + 3, B + 3,  //
                                   H + 4, B + 4, H + 5, B + 5, H + 6, B + 6, H + 7, B + 7);
  }
}

// y[j,i] = x[i,j] for a square. Interleaving row i with row i + side/2 moves one bit of the row number into the column number;
// after log2(side) rounds they have changed places. Only `rows` rows are read: the last stands for those that are missing.
template <class Element> void turn_square(const Element* x, int64_t x_stride, int64_t rows, Element* y, int64_t y_stride) {
  constexpr int S = kSide<Element>;
  Vector<Element> now[S], next[S];
  for (int i = 0; i < S; ++i) std::memcpy(&now[i], x + smaller<int64_t>(i, rows - 1) * x_stride, kVectorBytes);
#pragma GCC unroll 4
  for (int round = 1; round < S; round *= 2) {
#pragma GCC unroll 8
    for (int i = 0; i < S / 2; ++i) {
      next[2 * i] = interleave<false, Element>(now[i], now[i + S / 2]);
      next[2 * i + 1] = interleave<true, Element>(now[i], now[i + S / 2]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < S; ++i) now[i] = next[i];
  }
  for (int j = 0; j < S; ++j) std::memcpy(y + j * y_stride, &now[j], kVectorBytes);
}

// Copies a piece of a tile to y.
template <class Element> void put(Element* to, const Element* from, int64_t count, bool streams) {
  const int64_t bytes = count * static_cast<int64_t>(sizeof(Element));
  const bool aligned = (reinterpret_cast<uintptr_t>(to) | reinterpret_cast<uintptr_t>(from)) % 32 == 0;
  if (streams && aligned) stream_out(to, from, bytes);
  else std::memcpy(to, from, static_cast<size_t>(bytes));
}

// tile[j,i] = x[i,j], row j of the tile starting at j * stride. Whole vectors are written, also where rows end: that spills into
// the start of the tile's next row, which is written after it because i goes down, or into the padding behind the tile.
template <class Element>
void turn_tile(const Element* x, int64_t x_stride, Element* tile, int64_t stride, int64_t rows, int64_t columns) {
  constexpr int S = kSide<Element>;
  const int64_t whole = columns / S * S, last = (rows - 1) / S * S;
  for (int64_t j = 0; j < whole; j += S) {
    for (int64_t i = last; i >= 0; i -= S) turn_square(x + i * x_stride + j, x_stride, rows - i, tile + j * stride + i, stride);
  }
  for (int64_t j = whole; j < columns; ++j) {
    for (int64_t i = 0; i < rows; ++i) tile[j * stride + i] = x[i * x_stride + j];
  }
}

/// How the matrices are cut: in tiles of two cache lines by two cache lines. Where y's rows are shorter than that, a tile has
/// many of them, which are one piece of y.
template <class Element> struct Tiles {
  static constexpr int64_t kLine = 128 / sizeof(Element), kElements = kLine * kLine, kBuffer = kElements + kSide<Element>;
  int64_t height, width, down, across;

  explicit Tiles(const TransposeShape& s)
      : height(smaller(kLine, s.rows)),
        width(s.rows < kLine ? kElements / s.rows / kSide<Element> * kSide<Element> : kLine),
        down(ceil_div(s.rows, height)),
        across(ceil_div(s.columns, width)) {}
};

}  // namespace

// Tile by tile, by way of a buffer: x is read and y is written by whole cache lines, whatever their strides.
template <class Element> void transpose(Cpu, const Element* x, Element* y, const TransposeShape& s) {
  const int64_t size = s.rows * s.columns;
  if (s.batch * size == 0) return;
  const Tiles<Element> tiles(s);
  const bool streams = s.batch * size * static_cast<int64_t>(sizeof(Element)) >= kStreamBytes;
  parallel_ranges(s.batch * tiles.down * tiles.across, tiles.height * tiles.width, [=](int64_t begin, int64_t end) {
    alignas(64) Element tile[Tiles<Element>::kBuffer];
    for (int64_t t = begin; t < end; ++t) {
      const int64_t item = t / tiles.across / tiles.down;
      const int64_t i = t / tiles.across % tiles.down * tiles.height, rows = smaller(tiles.height, s.rows - i);
      const int64_t j = t % tiles.across * tiles.width, columns = smaller(tiles.width, s.columns - j);
      turn_tile(x + item * size + i * s.columns + j, s.columns, tile, tiles.height, rows, columns);
      Element* to = y + item * size + j * s.rows + i;
      if (rows == s.rows) put(to, tile, columns * rows, streams);
      else
        for (int64_t k = 0; k < columns; ++k) put(to + k * s.rows, tile + k * tiles.height, rows, streams);
    }
    finish_streaming();
  });
}

template void transpose(Cpu, const uint8_t*, uint8_t*, const TransposeShape&);
template void transpose(Cpu, const uint16_t*, uint16_t*, const TransposeShape&);
template void transpose(Cpu, const uint32_t*, uint32_t*, const TransposeShape&);
template void transpose(Cpu, const uint64_t*, uint64_t*, const TransposeShape&);

}  // namespace cudenza::kernels
