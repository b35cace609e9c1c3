// Solution of exercise 5: neighbours read neighbours.
// In each step a warp takes 32 neighbours of one row: a coalesced request.
//
// How the project shares [rows, channels] among threads: kernels/reduce/columns.cuh:67-74 (column_part),
// kernels/reduce/reduce_cuda.cu:34-44 (broadcast_rows_kernel)
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 64;

// y[r,c] = x[r,c] + bias[c]. One thread a column; neighbouring threads take neighbouring columns.
__global__ void coalescing_kernel(const float* x, const float* bias, float* y, int rows, int columns) {
  const int c = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (c >= columns) return;
  const float added = bias[c];
  for (int r = 0; r < rows; ++r) y[r * columns + c] = x[r * columns + c] + added;
}

}  // namespace

void course_coalescing(Gpu gpu, const float* x, const float* bias, float* y, int rows, int columns) {
  if (rows == 0 || columns == 0) return;
  launch<coalescing_kernel>(dim3(ceil_div(columns, kThreads)), dim3(kThreads), 0, gpu, x, bias, y, rows, columns);
}

}  // namespace cudenza::course
