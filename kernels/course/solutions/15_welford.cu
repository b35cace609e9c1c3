// Solution of exercise 15: mean and variance, by Welford's method.
// No large numbers are ever subtracted but x - mean, whose result is small and exact enough. (Chan, Golub, LeVeque: Updating
// formulae and a pairwise algorithm for computing sample variances, 1979.)
//
// The project's own: kernels/batch_norm/batch_norm_math.h:12-18 (merged), kernels/batch_norm/batch_norm_reduce_cuda.cu:32-56
// (merge_block)
#include "kernels/common/reduce.cuh"
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 128, kWarps = kThreads / kWarpSize;

struct Moments {
  float count, mean, m2;
};

/// Of two sets of numbers together; either may be empty.
__device__ inline Moments merged(const Moments& a, const Moments& b) {
  const float count = a.count + b.count, share = count > 0 ? b.count / count : 0, delta = b.mean - a.mean;
  return {count, a.mean + delta * share, a.m2 + b.m2 + delta * delta * (a.count * share)};
}

__device__ inline Moments shuffled(const Moments& m, int lanes) {
  return {__shfl_xor_sync(kAllLanes, m.count, lanes), __shfl_xor_sync(kAllLanes, m.mean, lanes),
          __shfl_xor_sync(kAllLanes, m.m2, lanes)};
}

__global__ void welford_kernel(const float* x, float* mean, float* variance, int rows, int columns) {
  const int lane = threadIdx.x % kWarpSize, r = static_cast<int>(blockIdx.x * kWarps + threadIdx.x / kWarpSize);
  if (r >= rows) return;
  Moments moments{0, 0, 0};
  for (int c = lane; c < columns; c += kWarpSize) moments = merged(moments, {1, x[r * columns + c], 0});
  for (int lanes = kWarpSize / 2; lanes > 0; lanes /= 2) moments = merged(moments, shuffled(moments, lanes));
  if (lane > 0) return;
  mean[r] = moments.mean;
  variance[r] = moments.m2 / moments.count;
}

}  // namespace

void course_welford(Gpu gpu, const float* x, float* mean, float* variance, int rows, int columns) {
  if (rows == 0 || columns == 0) return;
  launch<welford_kernel>(dim3(ceil_div(rows, kWarps)), dim3(kThreads), 0, gpu, x, mean, variance, rows, columns);
}

}  // namespace cudenza::course
