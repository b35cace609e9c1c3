// Not a mistake: packs of 16 bytes fill 16 sectors, and waste none.
#include "kernels/common/reduce.cuh"
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 128, kWarps = kThreads / kWarpSize;

// y[r] = sum over c of x[r,c]. One warp a row.
__global__ void row_sums_kernel(const float* x, float* y, int rows, int columns) {
  const int lane = threadIdx.x % kWarpSize, r = static_cast<int>(blockIdx.x * kWarps + threadIdx.x / kWarpSize);
  if (r >= rows) return;
  float sum = 0;
  struct alignas(16) Four {
    float v[4];
  };
  const int packs = columns % 4 == 0 ? columns / 4 : 0;
  for (int p = lane; p < packs; p += kWarpSize) {
    const Four in = reinterpret_cast<const Four*>(x + r * columns)[p];
    sum += in.v[0] + in.v[1] + in.v[2] + in.v[3];
  }
  for (int c = 4 * packs + lane; c < columns; c += kWarpSize) sum += x[r * columns + c];
  sum = warp_sum(sum);
  if (lane == 0) y[r] = sum;
}

// y[c] = sum over r of x[r,c]. One thread a column.
__global__ void column_sums_kernel(const float* x, float* y, int rows, int columns) {
  const int c = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (c >= columns) return;
  float sum = 0;
  for (int r = 0; r < rows; ++r) sum += x[r * columns + c];
  y[c] = sum;
}

}  // namespace

void course_sums(Gpu gpu, const float* x, float* row_sums, float* column_sums, int rows, int columns) {
  if (rows == 0 || columns == 0) return;
  launch<row_sums_kernel>(dim3(ceil_div(rows, kWarps)), dim3(kThreads), 0, gpu, x, row_sums, rows, columns);
  launch<column_sums_kernel>(dim3(ceil_div(columns, kThreads)), dim3(kThreads), 0, gpu, x, column_sums, rows, columns);
}

}  // namespace cudenza::course
