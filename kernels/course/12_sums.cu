// Exercise 12: sums of rows and sums of columns.
//
//   row_sums[r] = sum over c of x[r,c];  column_sums[c] = sum over r of x[r,c];  for x [rows, columns].
//
//   along a row: a warp a row                     down a column: a thread a column
//
//   x[r,0] x[r,1] ... x[r,31]  x[r,32] ...        t0      t1      t2     ...
//   l0     l1         l31      l0                 x[0,0]  x[0,1]  x[0,2]
//   and at the end the lanes join by shuffles     x[1,0]  x[1,1]  x[1,2]     each keeps its own sum
//
// Task: Both kernels are right, and each has the mapping that would suit the other: a row has one thread, a column one warp.
// Exchange them, so that in each step a warp reads 32 neighbours. warp_sum is kernels/common/reduce.cuh's, as you wrote it. Both
// launches must change, too.
//
// Target: 4 sectors a load in both kernels; you have 32.
#include "kernels/common/reduce.cuh"
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 128, kWarps = kThreads / kWarpSize;

// TODO: one thread a row.
__global__ void row_sums_kernel(const float* x, float* y, int rows, int columns) {
  const int r = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (r >= rows) return;
  float sum = 0;
  for (int c = 0; c < columns; ++c) sum += x[r * columns + c];
  y[r] = sum;
}

// TODO: one warp a column.
__global__ void column_sums_kernel(const float* x, float* y, int rows, int columns) {
  const int lane = threadIdx.x % kWarpSize, c = static_cast<int>(blockIdx.x * kWarps + threadIdx.x / kWarpSize);
  if (c >= columns) return;
  float sum = 0;
  for (int r = lane; r < rows; r += kWarpSize) sum += x[r * columns + c];
  sum = warp_sum(sum);
  if (lane == 0) y[c] = sum;
}

}  // namespace

void course_sums(Gpu gpu, const float* x, float* row_sums, float* column_sums, int rows, int columns) {
  if (rows == 0 || columns == 0) return;
  launch<row_sums_kernel>(dim3(ceil_div(rows, kThreads)), dim3(kThreads), 0, gpu, x, row_sums, rows, columns);
  launch<column_sums_kernel>(dim3(ceil_div(columns, kWarps)), dim3(kThreads), 0, gpu, x, column_sums, rows, columns);
}

}  // namespace cudenza::course
