/// The matrix products between the transforms: small blocks of the result are kept in registers.
#pragma once
#include "kernels/winograd/transforms.h"

namespace cudenza::kernels::winograd {

constexpr int kPanel = 2 * kVector;            ///< columns of a block
constexpr int kRows = kVector == 16 ? 12 : 6;  ///< of a block: what fits into 32 registers, or 16, beside a panel

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
#pragma GCC unroll 12
    for (int i = 0; i < kCount; ++i) {
      const float factor = a.at[i * a.row];
      sum[i][0] += factor * first;
      sum[i][1] += factor * second;
    }
    a.at += a.depth;
    b += b_row;
  }
  if (adds) {  // at last: sums of few terms err less
#pragma GCC unroll 12
    for (int i = 0; i < kCount; ++i) sum[i][0] += simd_load(c + i * c_row), sum[i][1] += simd_load(c + i * c_row + kVector);
  }
#pragma GCC unroll 12
  for (int i = 0; i < kCount; ++i) simd_store(c + i * c_row, sum[i][0]), simd_store(c + i * c_row + kVector, sum[i][1]);
}

/// The same for any number of rows.
template <int kCount = kRows>
void multiply_rows(int64_t rows, int64_t depth, Scalars a, const float* b, int64_t b_row, float* c, int64_t c_row, bool adds) {
  while (rows >= kCount) {
    multiply_block<kCount>(depth, a, b, b_row, c, c_row, adds);
    rows -= kCount, a.at += kCount * a.row, c += kCount * c_row;
  }
  if constexpr (kCount > 1) {
    if (rows > 0) multiply_rows<(kCount + 1) / 2>(rows, depth, a, b, b_row, c, c_row, adds);
  }
}

}  // namespace cudenza::kernels::winograd
