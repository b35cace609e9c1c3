// Exercise 3: a grid-stride loop.
//
//   y[i] = x[i]^2, for i from 0 to n - 1, by at most 4 blocks of 256 threads, however large n is.
//
//              <----------- 1024 threads ----------->
//   round 0:   x[0]     x[1]     x[2]     ...  x[1023]      thread k of the grid takes x[k],
//   round 1:   x[1024]  x[1025]  x[1026]  ...  x[2047]      then x[k + 1024],
//   round 2:   ...                                          then x[k + 2048], until n
//
// Task: The kernel does one element a thread, and leaves the others undone. Make a loop of it. The step is the number of all
// threads of the grid: gridDim.x is how many blocks there are. Do not give each thread a piece of neighbours (x[0] to x[3] to
// the first thread): in each round the warp must stay together.
//
// Target: 4 sectors a load and 4 a store in every round.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 256, kMostBlocks = 4;

__global__ void stride_kernel(const float* x, float* y, int n) {
  const int first = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  // TODO: go on to further elements.
  if (first < n) y[first] = x[first] * x[first];
}

}  // namespace

void course_stride(Gpu gpu, const float* x, float* y, int n) {
  if (n == 0) return;
  launch<stride_kernel>(dim3(smaller(ceil_div(n, kThreads), kMostBlocks)), dim3(kThreads), 0, gpu, x, y, n);
}

}  // namespace cudenza::course
