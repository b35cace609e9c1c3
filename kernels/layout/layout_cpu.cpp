#include <cstring>

#include "kernels/common/parallel.h"
#include "kernels/layout/layout.h"

namespace cudenza::kernels {
namespace {

constexpr int kVectorBytes = 16;

template <class Element>
using Vector __attribute__((vector_size(kVectorBytes))) = Element;

template <class Element>
constexpr int kSide = kVectorBytes / static_cast<int>(sizeof(Element));  // a square of kSide vectors is turned in registers

/// The lower (or upper) halves of a and b, element by element in turn.
template <bool upper, class Element>
Vector<Element> interleave(Vector<Element> a, Vector<Element> b) {
  constexpr int H = upper ? kSide<Element> / 2 : 0, B = kSide<Element> + H;
  if constexpr (kSide<Element> == 2) return __builtin_shufflevector(a, b, H, B);
  if constexpr (kSide<Element> == 4) return __builtin_shufflevector(a, b, H, B, H + 1, B + 1);
  if constexpr (kSide<Element> == 8) return __builtin_shufflevector(a, b, H, B, H + 1, B + 1, H + 2, B + 2, H + 3, B + 3);
  if constexpr (kSide<Element> == 16) {
    return __builtin_shufflevector(a, b, H, B, H + 1, B + 1, H + 2, B + 2, H + 3, B + 3, H + 4, B + 4, H + 5, B + 5, H + 6, B + 6, H + 7,
                                   B + 7);
  }
}

// y[j,i] = x[i,j] for a square. Interleaving row i with row i + side/2 moves one bit of the row number into the column number;
// after log2(side) rounds they have changed places.
template <class Element>
void turn_square(const Element* x, int64_t x_stride, Element* y, int64_t y_stride) {
  constexpr int S = kSide<Element>;
  Vector<Element> rows[S], next[S];
  for (int i = 0; i < S; ++i) std::memcpy(&rows[i], x + i * x_stride, kVectorBytes);
#pragma GCC unroll 4
  for (int round = 1; round < S; round *= 2) {
#pragma GCC unroll 16
    for (int i = 0; i < S / 2; ++i) {
      next[2 * i] = interleave<false, Element>(rows[i], rows[i + S / 2]);
      next[2 * i + 1] = interleave<true, Element>(rows[i], rows[i + S / 2]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < S; ++i) rows[i] = next[i];
  }
  for (int j = 0; j < S; ++j) std::memcpy(y + j * y_stride, &rows[j], kVectorBytes);
}

// y[j,i] = x[i,j] for a tile of any size: whole squares in registers, the borders one by one.
template <class Element>
void turn_tile(const Element* x, int64_t x_stride, Element* y, int64_t y_stride, int64_t rows, int64_t columns) {
  constexpr int S = kSide<Element>;
  const int64_t whole_rows = rows / S * S, whole_columns = columns / S * S;
  for (int64_t j = 0; j < whole_columns; j += S) {
    for (int64_t i = 0; i < whole_rows; i += S) turn_square(x + i * x_stride + j, x_stride, y + j * y_stride + i, y_stride);
  }
  for (int64_t j = 0; j < columns; ++j) {
    for (int64_t i = j < whole_columns ? whole_rows : 0; i < rows; ++i) y[j * y_stride + i] = x[i * x_stride + j];
  }
}

}  // namespace

// A strip of columns is two cache lines wide: each line of x is read whole, and y is written from one end to the other.
template <class Element>
void transpose(Cpu, const Element* x, Element* y, const TransposeShape& s) {
  constexpr int64_t kStrip = 128 / sizeof(Element);
  const int64_t strips = ceil_div(s.columns, kStrip), size = s.rows * s.columns;
  parallel_ranges(s.batch * strips, s.rows * kStrip, [=](int64_t begin, int64_t end) {
    for (int64_t strip = begin; strip < end; ++strip) {
      const int64_t origin = strip / strips * size, first = strip % strips * kStrip;
      turn_tile(x + origin + first, s.columns, y + origin + first * s.rows, s.rows, s.rows, smaller(kStrip, s.columns - first));
    }
  });
}

template void transpose(Cpu, const uint8_t*, uint8_t*, const TransposeShape&);
template void transpose(Cpu, const uint16_t*, uint16_t*, const TransposeShape&);
template void transpose(Cpu, const uint32_t*, uint32_t*, const TransposeShape&);
template void transpose(Cpu, const uint64_t*, uint64_t*, const TransposeShape&);

}  // namespace cudenza::kernels
