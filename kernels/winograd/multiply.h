/// The matrix products between the transforms: small blocks of the result are kept in registers.
#pragma once
#include <array>
#include <utility>

#include "kernels/common/extents.h"
#include "kernels/winograd/transforms.h"

namespace cudenza::kernels::winograd {

constexpr int kPanel = 2 * kVector;            ///< columns of a block
constexpr int kRows = kVector == 16 ? 14 : 6;  ///< of a block: what fits into 32 registers, or 16, beside a panel

/// One operand of which a scalar is read: element (i, l) is at[i · row + l · depth].
struct Scalars {
  const float* at;
  int64_t row, depth;
};

/// c[i · c_row + j] = sum over l of a(i, l) · b[l · b_row + j] for kCount rows and a panel of columns; added to what is there if
/// `adds`.
template <int kCount>
void multiply_block(int64_t depth, Scalars a, const float* b, int64_t b_row, float* c, int64_t c_row, bool adds) {
  Vector sum[kCount][2] = {};
  for (int64_t l = 0; l < depth; ++l) {
    const Vector first = simd_load(b), second = simd_load(b + kVector);
#pragma GCC unroll 14
    for (int i = 0; i < kCount; ++i) {
      const float factor = a.at[i * a.row];
      sum[i][0] += factor * first;
      sum[i][1] += factor * second;
    }
    a.at += a.depth;
    b += b_row;
  }
  if (adds) {  // at last: sums of few terms err less
#pragma GCC unroll 14
    for (int i = 0; i < kCount; ++i) sum[i][0] += simd_load(c + i * c_row), sum[i][1] += simd_load(c + i * c_row + kVector);
  }
#pragma GCC unroll 14
  for (int i = 0; i < kCount; ++i) simd_store(c + i * c_row, sum[i][0]), simd_store(c + i * c_row + kVector, sum[i][1]);
}

/// The same for any number of rows, in blocks of nearly one size: a small last one would wait for its own sums.
template <int kMost = kRows>
void multiply_rows(int64_t rows, int64_t depth, Scalars a, const float* b, int64_t b_row, float* c, int64_t c_row, bool adds) {
  static constexpr auto kBlocks = []<size_t... kIndex>(std::index_sequence<kIndex...>) {
    return std::array{&multiply_block<static_cast<int>(kIndex) + 1>...};
  }
  (std::make_index_sequence<kMost>());
  for (int64_t blocks = ceil_div<int64_t>(rows, kMost); blocks > 0; --blocks) {
    const int64_t count = ceil_div(rows, blocks);
    kBlocks[static_cast<size_t>(count - 1)](depth, a, b, b_row, c, c_row, adds);
    rows -= count, a.at += count * a.row, c += count * c_row;
  }
}

}  // namespace cudenza::kernels::winograd
