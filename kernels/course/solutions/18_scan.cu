// Solution of exercise 18: a prefix scan.
// Each thread keeps its own sum in a register. Between a write to one of the two arrays and the next write to the same one lie
// two barriers, and all reads of the step.
//
// The project has no scan; its tree of sums in a block is kernels/reduce/columns.cuh:76-87 (sum_over_height)
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 256;

__global__ void scan_kernel(const float* x, float* y, int columns) {
  x += blockIdx.x * columns;
  y += blockIdx.x * columns;
  SHARED_ARRAY(float, sums, 2 * kThreads);
  const int t = static_cast<int>(threadIdx.x);
  float sum = t < columns ? x[t] : 0.0f;
  int from = 0;  // which of the two arrays: 0 or kThreads
  for (int step = 1; step < kThreads; step *= 2, from = kThreads - from) {
    sums[from + t] = sum;
    __syncthreads();
    if (t >= step) sum += sums[from + t - step];
  }
  if (t < columns) y[t] = sum;
}

}  // namespace

void course_scan(Gpu gpu, const float* x, float* y, int rows, int columns) {
  if (rows == 0 || columns == 0) return;
  launch<scan_kernel>(dim3(rows), dim3(kThreads), 0, gpu, x, y, columns);
}

}  // namespace cudenza::course
