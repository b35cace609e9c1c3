// Planted: one thread too many takes an element.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 256;

__global__ void bounds_kernel(const float* x, float* y, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i <= n) y[i] = larger(x[i], 0.0f);
}

}  // namespace

void course_bounds(Gpu gpu, const float* x, float* y, int n) {
  if (n == 0) return;
  launch<bounds_kernel>(dim3(ceil_div(n, kThreads)), dim3(kThreads), 0, gpu, x, y, n);
}

}  // namespace cudenza::course
