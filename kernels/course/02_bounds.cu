// Exercise 2: the last block is not full.
//
//   y[i] = max(x[i], 0), for i from 0 to n - 1, where n is any number.
//
//   n = 600:  block 0          block 1            block 2
//             x[0] .. x[255]   x[256] .. x[511]   x[512] .. x[599]  and 168 threads that have no element
//
// Task: Blocks have 256 threads each, so that there are mostly more threads than elements. A thread without an element must
// neither read nor write: behind the array lies somebody else's memory. Mend the kernel.
//
// Target: no access outside x and y, for any n. 4 sectors a load and 4 a store, as before.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 256;

__global__ void bounds_kernel(const float* x, float* y, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  // TODO: what of the threads that have no element?
  y[i] = larger(x[i], 0.0f);
}

}  // namespace

void course_bounds(Gpu gpu, const float* x, float* y, int n) {
  if (n == 0) return;
  launch<bounds_kernel>(dim3(ceil_div(n, kThreads)), dim3(kThreads), 0, gpu, x, y, n);
}

}  // namespace cudenza::course
