/// Short rows on the CPU: kTile of them are worked on side by side, an element of each in a vector, since one row alone would
/// leave most of its last register empty, and wait for its own sums.
#pragma once
#include <utility>

#include "kernels/simd/simd_map.h"

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

/// Registers that are kStep apart exchange their elements that are kStep apart.
template <class A, int kStep, size_t... k>
[[gnu::always_inline]] inline void exchange(Simd<A>* block, std::index_sequence<k...>) {
  constexpr size_t kWidth = kSimd<A>, kFar = kStep;
#pragma GCC unroll 16
  for (int i = 0; i < kSimd<A>; ++i) {
    if (i & kStep) continue;
    const Simd<A> a = block[i], b = block[i + kStep];
    block[i] = __builtin_shufflevector(a, b, (k & kFar ? kWidth + k - kFar : k)...);
    block[i + kStep] = __builtin_shufflevector(a, b, (k & kFar ? kWidth + k : k + kFar)...);
  }
}

/// Element k of register i and element i of register k change places, for kSimd registers.
template <class A, int kStep = kSimd<A> / 2> [[gnu::always_inline]] inline void transpose(Simd<A>* block) {
  exchange<A, kStep>(block, std::make_index_sequence<kSimd<A>>{});
  if constexpr (kStep > 1) transpose<A, kStep / 2>(block);
}

/// The columns of up to kTile rows, in acc_t: columns[c][n] is element c of row n, 0 for rows that are not there. They are read
/// and written by whole registers, which reach into the next row; what is theirs there is not used, or is written again.
template <class T> class Columns {
 public:
  using A = acc_t<T>;

  Columns() = default;
  Columns(const T* x, int rows, int count) {
    const int all = rows * count;
    for (int n = 0; n < kTile; n += kWidth) {
      for (int c = 0; c < count; c += kWidth) {
        Simd<A> block[kWidth];
#pragma GCC unroll 16
        for (int i = 0; i < kWidth; ++i) {
          const int at = (n + i) * count + c;
          block[i] = at + kWidth <= all ? simd_load(x + at) : (at < all ? simd_load(x + at, all - at) : Simd<A>{});
        }
        transpose<A>(block);
#pragma GCC unroll 16
        for (int i = 0; i < kWidth; ++i) simd_store(columns_[c + i].row + n, block[i]);
      }
    }
  }
  RowNumbers<A>& operator[](int c) { return columns_[c]; }
  const RowNumbers<A>& operator[](int c) const { return columns_[c]; }

  /// y[n,c] = columns[c][n], rounded to T.
  void to_rows(T* y, int rows, int count) const {
    const int all = rows * count;
    for (int n = 0; n < rows; n += kWidth) {
      RowNumbers<A> row[kWidth];
      for (int c = 0; c < count; c += kWidth) {
        Simd<A> block[kWidth];
#pragma GCC unroll 16
        for (int i = 0; i < kWidth; ++i) block[i] = simd_load(columns_[c + i].row + n);
        transpose<A>(block);
#pragma GCC unroll 16
        for (int i = 0; i < kWidth; ++i) simd_store(row[i].row + c, block[i]);
      }
      for (int i = 0; i < kWidth; ++i) {  // in this order: each row mends what the one before wrote beyond its end
        for (int c = 0; c < count; c += kWidth) {
          const int at = (n + i) * count + c;
          if (at + kWidth <= all) simd_store(y + at, simd_load(row[i].row + c));
          else if (at < all) simd_store(y + at, simd_load(row[i].row + c), all - at);
        }
      }
    }
  }

 private:
  static constexpr int kWidth = kSimd<A>;
  static_assert(kShortRow % kWidth == 0 && kTile % kWidth == 0 && kShortRow <= kTile);
  RowNumbers<A> columns_[kShortRow];
};

/// Calls f(first row, rows) for every kTile of the rows begin … end - 1, and the rest.
template <class F> void for_row_blocks(int64_t begin, int64_t end, F&& f) {
  for (int64_t n = begin; n < end; n += kTile) f(n, static_cast<int>(smaller<int64_t>(kTile, end - n)));
}

}  // namespace cudenza::kernels
