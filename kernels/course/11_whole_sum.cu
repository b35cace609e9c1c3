// Exercise 11: the sum of everything, in two launches.
//
//   y[0] = sum of x[i], for i from 0 to n - 1.
//
//   first launch:  8 blocks at most, each with a grid-stride loop      partial[0]  partial[1] ... partial[7]
//   second launch: one block                                           y[0] = sum of partial
//
//   in a block:    256 threads -> 8 warp sums by shuffles -> 8 words of shared memory -> the first warp adds them
//
// Task: Blocks cannot wait for each other, but a launch begins when the one before it is over: so there are two. No atomics:
// their order changes from run to run, and with it the last digits of a sum. Write block_sum with warp_sum, then the second
// launch. The same kernel serves both: what are its x, y and n the second time?
//
// Target: at most 2 barriers a block and 2 launches; 4 sectors a load.
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
  // TODO: warp_sum; a word of shared memory for each warp; a barrier; warp_sum of those words.
  return value;
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
  // TODO: the second launch.
}

}  // namespace cudenza::course
