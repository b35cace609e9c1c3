// Solution of exercise 3: a grid-stride loop.
// In each round the threads of a warp take neighbours; the grid as a whole moves on.
//
// A block of the project that goes on to other groups of rows, so that it loads the numbers of its channels only once:
// kernels/batch_norm/batch_norm_cuda.cu:51-69 (apply_kernel)
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 256, kMostBlocks = 4;

__global__ void stride_kernel(const float* x, float* y, int n) {
  const int first = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  const int step = static_cast<int>(gridDim.x * blockDim.x);
  for (int i = first; i < n; i += step) y[i] = x[i] * x[i];
}

}  // namespace

void course_stride(Gpu gpu, const float* x, float* y, int n) {
  if (n == 0) return;
  launch<stride_kernel>(dim3(smaller(ceil_div(n, kThreads), kMostBlocks)), dim3(kThreads), 0, gpu, x, y, n);
}

}  // namespace cudenza::course
