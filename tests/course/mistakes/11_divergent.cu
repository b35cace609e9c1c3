// Planted: the first lanes wait for the block, the others for their warp.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kWarp = 32, kThreads = 256, kWarps = kThreads / kWarp, kMostBlocks = 8;
constexpr unsigned kAllLanes = 0xFFFFFFFFu;

__device__ inline float warp_sum(float value) {
  for (int lanes = kWarp / 2; lanes > 0; lanes /= 2) value += __shfl_xor_sync(kAllLanes, value, lanes);
  return value;
}

/// Thread 0 gets the sum over the block. All threads must call it, once in a kernel.
__device__ inline float block_sum(float value) {
  SHARED_ARRAY(float, of_warp, kWarps);
  const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  if (lane == 0) __syncthreads();
  value = warp_sum(value);
  if (lane == 0) of_warp[warp] = value;
  if (warp > 0) return 0;
  return warp_sum(lane < kWarps ? of_warp[lane] : 0.0f);
}

// y[b] = sum of what block b meets in its grid-stride loop over x.
__global__ void whole_sum_kernel(const float* x, float* y, int n) {
  const int step = static_cast<int>(gridDim.x) * kThreads;
  float sum = 0;
  for (int i = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x); i < n; i += step) sum += x[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) y[blockIdx.x] = sum;
}

}  // namespace

// partial has room for kMostBlocks numbers. The sum of nothing is 0.
void course_whole_sum(Gpu gpu, const float* x, float* partial, float* y, int n) {
  const int blocks = larger(smaller(ceil_div(n, kThreads), kMostBlocks), 1);
  launch<whole_sum_kernel>(dim3(blocks), dim3(kThreads), 0, gpu, x, partial, n);
  launch<whole_sum_kernel>(dim3(1), dim3(kThreads), 0, gpu, partial, y, blocks);
}

}  // namespace cudenza::course
