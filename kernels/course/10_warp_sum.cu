// Exercise 10: the sum of a warp, by shuffles.
//
//   y[r] = sum over c of x[r,c], for x [rows, columns]. A warp a row; lane l takes the columns l, l + 32, l + 64, ...
//
//   lanes:    0    1    2   ...   15 | 16 ... 31        each has a sum of its own
//             + what lane ^ 16 has                      after it, lanes 0 and 16 have the same
//             + what lane ^ 8 has
//             ...
//             + what lane ^ 1 has                       after it, all lanes have the sum of all 32
//
// Task: Lanes of a warp can hand numbers to each other without memory: __shfl_xor_sync(kAllLanes, value, d) gives what the lane
// whose number is lane ^ d has as `value`. All 32 lanes must call it together. Write warp_sum: five shuffles, and every lane has
// the sum.
//
// Target: no shared memory and no barrier; 4 sectors a load.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kWarp = 32, kWarps = 4;
constexpr unsigned kAllLanes = 0xFFFFFFFFu;

/// Every lane gets the sum over the warp. All 32 lanes must call it.
__device__ inline float warp_sum(float value) {
  // TODO
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
