#include <cstring>

#include "kernels/layout/layout.h"
#include "kernels/layout/turn_block.h"
#include "kernels/layout/turn_few.h"
#include "kernels/layout/whole_lines.h"
#include "kernels/simd/fetch_ahead.h"
#include "kernels/simd/simd_pair.h"

namespace cudenza::kernels {
namespace {

template <class Element> void copy(const Element* x, Element* y, int64_t count, bool streams) {
  const auto piece = [=](int64_t begin, int64_t end) {
    put(y + begin, x + begin, end - begin, streams);
    finish_streaming();
  };
  parallel_ranges(count, 1, piece, kLineBytes);
}

/// A tile of x, and what its rows are followed by.
template <class Element> struct TileOfX {
  const Element* first;
  int64_t stride, rows, columns;
  int64_t readable;  ///< elements of x from `first` on, that a block may read beyond the tile's columns

  bool can_read(int64_t row, int64_t column, int64_t count) const { return row * stride + column + count <= readable; }
};

// to[c,r] = x[i + r, j + c] for `down` rows r, at most a block's, and columns c < across. The last row stands for those that are
// missing from a block; whole columns of it are written all the same. Very few rows are moved element by element, and so is what
// a block would read beyond x for.
template <class Element>
void turn_rows(const TileOfX<Element>& x, int64_t i, int64_t down, int64_t j, int64_t across, Element* to, int64_t stride,
               FetchAhead& next) {
  constexpr int S = kSide<Element>;
  constexpr int64_t kSingly = 2, kSize = sizeof(Element);
  const Element* rows = x.first + i * x.stride + j;
  const auto move_singly = [&x, rows, to, stride, down](int64_t begin, int64_t end) {
    for (int64_t r = 0; r < down; ++r) {
      for (int64_t c = begin; c < end; ++c) to[c * stride + r] = rows[r * x.stride + c];
    }
  };
  if (down <= kSingly) {
    next.worked(down * across * kSize);
    return move_singly(0, across);
  }
  for (int64_t c = 0; c < across; c += S) {
    const int64_t count = smaller<int64_t>(S, across - c);
    next.worked(down * count * kSize);
    if (!x.can_read(i + down - 1, j + c, S)) {
      move_singly(c, c + count);
    } else if (down == kBlockRows<Element> && count == S) {
      turn_block<Element>([=](int r) { return rows + r * x.stride + c; },
                          [=](int k, auto column) { std::memcpy(to + (c + k) * stride, &column, sizeof column); });
    } else {
      turn_block<Element>([=](int r) { return rows + smaller<int64_t>(r, down - 1) * x.stride + c; },
                          [=](int k, auto column) {
                            if (k < count) std::memcpy(to + (c + k) * stride, &column, sizeof column);
                          });
    }
  }
}

// The same for all rows of the tile. What blocks write beyond the last row spills over the beginning of other columns, or over
// the padding behind the last one: they come first.
template <class Element>
void turn_columns(const TileOfX<Element>& x, int64_t j, int64_t across, Element* to, int64_t stride, FetchAhead& next) {
  constexpr int64_t kRows = kBlockRows<Element>;
  const int64_t whole = x.rows / kRows * kRows;
  if (whole < x.rows) turn_rows(x, whole, x.rows - whole, j, across, to + whole, stride, next);
  for (int64_t i = 0; i < whole; i += kRows) turn_rows(x, i, kRows, j, across, to + i, stride, next);
}

// The same straight to y, past the cache, by whole lines of it.
template <class Element>
void stream_columns(const TileOfX<Element>& x, int64_t j, int64_t across, Element* y, int64_t y_stride, FetchAhead& next) {
  constexpr int S = kSide<Element>, kRows = kBlockRows<Element>, kParts = static_cast<int>(kLine<Element>) / kRows;
  for (int64_t i = 0; i < x.rows; i += kLine<Element>) {
    for (int64_t c = 0; c < across; c += S) {
      const int64_t count = smaller<int64_t>(S, across - c);
      next.worked(kLineBytes * count);
      TurnedColumn<Element> columns[S][kParts];
#pragma GCC unroll 4
      for (int part = 0; part < kParts; ++part) {
        const Element* const rows = x.first + (i + part * kRows) * x.stride + j + c;
        turn_block<Element>([=](int r) { return rows + r * x.stride; }, [&](int k, auto column) { columns[k][part] = column; });
      }
#pragma GCC unroll 16
      for (int k = 0; k < S; ++k) {
        if (k >= count) continue;
        for (int part = 0; part < kParts; ++part)
          simd_stream_register(y + (c + k) * y_stride + i + part * kRows, columns[k][part]);
      }
    }
  }
}

/// How the matrices are cut: in tiles with runs of 512 bytes along x's rows and along y's, since memory is quickest by long runs;
/// two fit the second-level cache. A tile is turned by columns whose results fit half the first-level cache: where y's rows are
/// whole in it, they are one run. Where x's rows are shorter than two cache lines, a tile has whole ones, as many as fit so.
template <class Element> struct Tiles {
  static constexpr int64_t kL = kLine<Element>, kRun = 8 * kL, kShallow = 256 * kL;
  /// Between rows of y in the buffer: for what blocks spill, and for the line before a row.
  static constexpr int64_t kPadding = 2 * kL;
  static constexpr int64_t kBuffer = larger((kRun + kPadding) * kL, kShallow + 2 * kL * kPadding) + kL;
  TransposeShape shape;
  int64_t height, width, down, across;
  int64_t together;  ///< columns that are turned together

  explicit Tiles(const TransposeShape& s)
      : shape(s), height(smaller(s.rows, kRun)), width(smaller(s.columns, kRun)), together(kL) {
    if (height == s.rows) {
      together = larger(kL, kShallow / s.rows / kL * kL);
      width = smaller(larger(kRun, together), s.columns);
    }
    if (s.columns < 2 * kL) height = smaller(kShallow / s.columns / kL * kL, s.rows), together = s.columns;
    down = ceil_div(s.rows, height), across = ceil_div(s.columns, width);
    width = smaller(ceil_div(ceil_div(s.columns, across), kL) * kL, s.columns);  // about the same for all
  }
  int64_t count() const { return shape.batch * across * down; }
  // Tile t: those below each other come one after the other.
  int64_t item(int64_t t) const { return t / down / across; }
  int64_t row(int64_t t) const { return t % down * height; }
  int64_t column(int64_t t) const { return t / down % across * width; }

  TileOfX<Element> of(const Element* x, int64_t t) const {
    const int64_t size = shape.rows * shape.columns, first = item(t) * size + row(t) * shape.columns + column(t);
    return {.first = x + first,
            .stride = shape.columns,
            .rows = smaller(height, shape.rows - row(t)),
            .columns = smaller(width, shape.columns - column(t)),
            .readable = shape.batch * size - first};
  }
};

// Tiles begin to end - 1, by whole cache lines of x and of y whatever their strides: y straight from registers where its rows
// begin on lines, else by way of a buffer.
template <class Element>
void transpose_tiles(const Tiles<Element>& tiles, const Element* x, Element* y, int64_t begin, int64_t end, bool streams) {
  using Cut = Tiles<Element>;
  const TransposeShape& s = tiles.shape;
  const bool direct = streams && s.rows % kLine<Element> == 0 && past_line(y) == 0;
  alignas(kLineBytes) Element buffer[Cut::kBuffer];
  LinesOfRows<Element, Cut::kRun> lines;
  for (int64_t t = begin; t < end; ++t) {
    const TileOfX<Element> from = tiles.of(x, t), after = tiles.of(x, smaller(t + 1, end - 1));
    constexpr int64_t kSize = sizeof(Element);
    FetchAhead next(after.first, after.rows, after.columns * kSize, after.stride * kSize);
    const bool whole = from.rows == s.rows, by_lines = streams && !whole;
    const bool continues = t > begin && tiles.row(t) > 0, ends = t + 1 == end || tiles.row(t + 1) == 0;
    for (int64_t j = 0; j < from.columns; j += tiles.together) {
      const int64_t across = smaller(tiles.together, from.columns - j);
      Element* const to = y + (tiles.item(t) * s.columns + tiles.column(t) + j) * s.rows + tiles.row(t);
      if (direct && from.can_read(from.rows - 1, j, ceil_div<int64_t>(across, kSide<Element>) * kSide<Element>)) {
        stream_columns(from, j, across, to, s.rows, next);
        continue;
      }
      const int64_t stride = whole ? s.rows : ceil_div(from.rows, kLine<Element>) * kLine<Element> + Cut::kPadding;
      Element* const first = buffer + kLine<Element>;
      for (int64_t k = 0; k < across && by_lines && continues; ++k) lines.bring_line_before(j + k, first + k * stride);
      turn_columns(from, j, across, first, stride, next);
      if (whole) put(to, first, across * s.rows, streams);
      for (int64_t k = 0; k < across && !whole; ++k) {
        if (by_lines) lines.send(j + k, to + k * s.rows, first + k * stride, from.rows, continues, ends);
        else put(to + k * s.rows, first + k * stride, from.rows, false);
      }
    }
  }
  finish_streaming();
}

}  // namespace

template <class Element> void transpose(Cpu, const Element* x, Element* y, const TransposeShape& s) {
  const int64_t count = s.batch * s.rows * s.columns, shorter = smaller(s.rows, s.columns), longer = larger(s.rows, s.columns);
  if (count == 0) return;
  const bool streams = count * static_cast<int64_t>(sizeof(Element)) >= kStreamBytes, to_columns = s.rows < s.columns;
  if (shorter == 1) return copy(x, y, count, streams);
  if (shorter == 2) return transpose_few<2>(x, y, to_columns, s.batch, longer, streams);
  if (shorter == 3) return transpose_few<3>(x, y, to_columns, s.batch, longer, streams);
  if (shorter == 4) return transpose_few<4>(x, y, to_columns, s.batch, longer, streams);
  const Tiles<Element> tiles(s);
  parallel_ranges(tiles.count(), tiles.height * tiles.width,
                  [=](int64_t begin, int64_t end) { transpose_tiles(tiles, x, y, begin, end, streams); });
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
