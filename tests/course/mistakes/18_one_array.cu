// Planted: one array instead of two, with one barrier a step.
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
  for (int step = 1; step < kThreads; step *= 2, from = 0) {
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
