// Planted: every second lane adds, then every fourth: no warp falls silent.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 256;

__global__ void block_sum_kernel(const float* x, float* partial, int n) {
  SHARED_ARRAY(float, sums, kThreads);
  const int t = static_cast<int>(threadIdx.x), i = static_cast<int>(blockIdx.x) * kThreads + t;
  sums[t] = i < n ? x[i] : 0.0f;
  for (int step = 1; step < kThreads; step *= 2) {
    __syncthreads();
    if (t % (2 * step) == 0) sums[t] += sums[t + step];
  }
  if (t == 0) partial[blockIdx.x] = sums[0];
}

}  // namespace

void course_block_sum(Gpu gpu, const float* x, float* partial, int n) {
  if (n == 0) return;
  launch<block_sum_kernel>(dim3(ceil_div(n, kThreads)), dim3(kThreads), 0, gpu, x, partial, n);
}

}  // namespace cudenza::course
