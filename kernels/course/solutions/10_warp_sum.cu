// Solution of exercise 10: the sum of a warp, by shuffles.
// Five shuffles take the place of five rounds in shared memory with a barrier each.
//
// The project's own: kernels/common/reduce.cuh:18-22 (warp_reduce)
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kWarp = 32, kWarps = 4;
constexpr unsigned kAllLanes = 0xFFFFFFFFu;

/// Every lane gets the sum over the warp. All 32 lanes must call it.
__device__ inline float warp_sum(float value) {
  for (int lanes = kWarp / 2; lanes > 0; lanes /= 2) value += __shfl_xor_sync(kAllLanes, value, lanes);
  return value;
}

__global__ void warp_sum_kernel(const float* x, float* y, int rows, int columns) {
  const int lane = threadIdx.x % kWarp, r = static_cast<int>(blockIdx.x * kWarps + threadIdx.x / kWarp);
  if (r >= rows) return;  // the whole warp
  float sum = 0;
  for (int c = lane; c < columns; c += kWarp) sum += x[r * columns + c];
  sum = warp_sum(sum);
  if (lane == 0) y[r] = sum;
}

}  // namespace

void course_warp_sum(Gpu gpu, const float* x, float* y, int rows, int columns) {
  if (rows == 0) return;
  launch<warp_sum_kernel>(dim3(ceil_div(rows, kWarps)), dim3(kWarp * kWarps), 0, gpu, x, y, rows, columns);
}

}  // namespace cudenza::course
