/// Short rows on the CPU: kTile of them are worked on side by side, an element of each in a vector, since one row alone would
/// leave most of its last register empty, and wait for its own sums.
#pragma once
#include "kernels/common/simd_map.h"

namespace cudenza::kernels {

/// Rows of at most so many elements are short.
constexpr int kShortRow = 32;

/// One number of each row.
template <class A> struct alignas(64) RowNumbers {
  A row[kTile];

  RowNumbers() = default;
  explicit RowNumbers(A value) {  // not by copies of whole objects: they are made by slow string instructions
    for (A& number : row) number = value;
  }
  A& operator[](int n) { return row[n]; }
  A operator[](int n) const { return row[n]; }
};

/// The columns of up to kTile rows, in acc_t: columns[c][n] is element c of row n, 0 for rows that are not there.
template <class T> class Columns {
 public:
  using A = acc_t<T>;

  Columns() = default;
  Columns(const T* x, int rows, int count) {
    if (rows < kTile) std::memset(columns_, 0, static_cast<size_t>(count) * sizeof columns_[0]);
    for (int n = 0; n < rows; ++n) {
      for (int c = 0; c < count; ++c) columns_[c][n] = x[n * count + c];
    }
  }
  RowNumbers<A>& operator[](int c) { return columns_[c]; }
  const RowNumbers<A>& operator[](int c) const { return columns_[c]; }

  /// y[n,c] = columns[c][n], rounded to T.
  void to_rows(T* y, int rows, int count) const {
    T column[kShortRow][kTile];
    for (int c = 0; c < count; ++c) store_tile(column[c], columns_[c].row, WholeTile{});
    for (int n = 0; n < rows; ++n) {
      for (int c = 0; c < count; ++c) y[n * count + c] = column[c][n];
    }
  }

 private:
  RowNumbers<A> columns_[kShortRow];
};

/// Calls f(first row, rows) for every kTile of the rows begin … end - 1, and the rest.
template <class F> void for_row_blocks(int64_t begin, int64_t end, F&& f) {
  for (int64_t n = begin; n < end; n += kTile) f(n, static_cast<int>(smaller<int64_t>(kTile, end - n)));
}

}  // namespace cudenza::kernels
