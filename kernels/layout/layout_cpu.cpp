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
// after log2(side) rounds they have changed places. Only `rows` rows are read, the last standing for those that are missing, and
// only `columns` of the results are written: what stands beyond them in x's rows is read, but does not matter.
template <class Element>
void turn_square(const Element* x, int64_t x_stride, int64_t rows, int64_t columns, Element* y, int64_t y_stride) {
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
#pragma GCC unroll 16
  for (int j = 0; j < S; ++j) {
    if (j < columns) std::memcpy(y + j * y_stride, &now[j], kVectorBytes);
  }
}

// Copies a piece of a tile to y. Whole cache lines are streamed: half of one would cost memory more than an ordinary store does.
template <class Element> void put(Element* to, const Element* from, int64_t count, bool streams) {
  const int64_t bytes = count * static_cast<int64_t>(sizeof(Element));
  const int64_t head = smaller<int64_t>(-reinterpret_cast<intptr_t>(to) & 63, bytes), lines = (bytes - head) / 64 * 64;
  if (!streams || lines == 0) return static_cast<void>(std::memcpy(to, from, static_cast<size_t>(bytes)));
  char* const y = reinterpret_cast<char*>(to);
  const char* const x = reinterpret_cast<const char*>(from);
  std::memcpy(y, x, static_cast<size_t>(head));
  stream_out(y + head, x + head, lines);
  std::memcpy(y + head + lines, x + head + lines, static_cast<size_t>(bytes - head - lines));
}

// tile[j,i] = x[i,j] for rows i to i + down of a tile whose row j starts at j * stride. Along x's rows, as few at a time as can
// be: memory is quickest so. `readable` elements follow from x on: where a square would read beyond them, elements are moved
// singly. The next tile, `ahead` in the same rows if that is not 0, is fetched meanwhile: its runs are too short for the machine
// to foresee them.
template <class Element>
void turn_rows(const Element* x, int64_t x_stride, int64_t readable, Element* tile, int64_t stride, int64_t i, int64_t down,
               int64_t columns, int64_t ahead) {
  constexpr int S = kSide<Element>;
  for (int64_t j = 0; j < columns; j += S) {
    const int64_t across = smaller<int64_t>(S, columns - j);
    if (ahead > 0 && j * sizeof(Element) % 64 == 0)
      for (int64_t r = i; r < i + down; ++r) __builtin_prefetch(x + r * x_stride + j + ahead);
    if ((i + down - 1) * x_stride + j + S <= readable) {
      turn_square(x + i * x_stride + j, x_stride, down, across, tile + j * stride + i, stride);
      continue;
    }
    for (int64_t c = j; c < j + across; ++c) {
      for (int64_t r = i; r < i + down; ++r) tile[c * stride + r] = x[r * x_stride + c];
    }
  }
}

// tile[j,i] = x[i,j]. Whole vectors are written, also where rows end: those spill into the start of the tile's next row, or into
// the padding behind the tile, and so come first.
template <class Element>
void turn_tile(const Element* x, int64_t x_stride, int64_t readable, Element* tile, int64_t stride, int64_t rows, int64_t columns,
               int64_t ahead) {
  constexpr int S = kSide<Element>;
  const int64_t whole = rows / S * S;
  if (whole < rows) turn_rows(x, x_stride, readable, tile, stride, whole, rows - whole, columns, ahead);
  for (int64_t i = 0; i < whole; i += S) turn_rows(x, x_stride, readable, tile, stride, i, S, columns, ahead);
}

/// How the matrices are cut: in tiles that the second-level cache holds, with runs of at least 512 bytes along x's rows and
/// along y's, since memory is quickest by long runs. Where a row of x or of y is shorter than two cache lines, a tile has whole
/// ones, as many as make full lines and fit half the first-level cache.
template <class Element> struct Tiles {
  static constexpr int64_t kLine = 64 / sizeof(Element), kHeight = 512 / sizeof(Element), kWidth = 256, kStride = kHeight + kLine,
                           kShallow = 16384 / sizeof(Element);
  static constexpr int64_t kBuffer = kStride * kWidth + kSide<Element>;
  int64_t height, width, down, across;
  int64_t stride;     ///< between a tile's columns: columns a power of two apart would share few sets of the first-level cache
  int64_t ahead = 0;  ///< how far in x's rows the next tile is, if it is to be fetched while one is turned

  explicit Tiles(const TransposeShape& s) : height(smaller(s.rows, kHeight)), width(smaller(s.columns, kWidth)), stride(kStride) {
    const int64_t shorter = smaller(s.rows, s.columns);
    if (shorter < 2 * kLine) {
      const int64_t longer = kShallow / shorter / kLine * kLine;
      if (shorter == s.rows) width = smaller(longer, s.columns);
      else height = smaller(longer, s.rows);
      stride = height;
    } else if (width < s.columns) {
      ahead = width;
    }
    down = ceil_div(s.rows, height), across = ceil_div(s.columns, width);
  }
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
      const int64_t first = item * size + i * s.columns + j;
      turn_tile(x + first, s.columns, s.batch * size - first, tile, tiles.stride, rows, columns, tiles.ahead);
      Element* to = y + item * size + j * s.rows + i;
      if (rows == s.rows && rows == tiles.stride) put(to, tile, columns * rows, streams);
      else
        for (int64_t k = 0; k < columns; ++k) put(to + k * s.rows, tile + k * tiles.stride, rows, streams);
    }
    finish_streaming();
  });
}

void copy_rows(Cpu, char* to, int64_t to_pitch, const char* from, int64_t from_pitch, int64_t bytes, int64_t rows) {
  const bool streams = bytes * rows >= kStreamBytes;
  parallel_ranges(rows, ceil_div<int64_t>(bytes, sizeof(float)), [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) put(to + r * to_pitch, from + r * from_pitch, bytes, streams);
    finish_streaming();
  });
}

template void transpose(Cpu, const uint8_t*, uint8_t*, const TransposeShape&);
template void transpose(Cpu, const uint16_t*, uint16_t*, const TransposeShape&);
template void transpose(Cpu, const uint32_t*, uint32_t*, const TransposeShape&);
template void transpose(Cpu, const uint64_t*, uint64_t*, const TransposeShape&);

}  // namespace cudenza::kernels
