// Exercise 6: four elements by one load.
//
//   y[i] = a x[i] + b, for i from 0 to n - 1, where n is any number.
//
//   now:      t0    t1    t2    t3          32 lanes ask for 128 bytes by one request
//             x[0]  x[1]  x[2]  x[3]
//
//   wanted:   t0                      t1                       32 lanes ask for 512 bytes by one request
//             x[0] x[1] x[2] x[3]     x[4] x[5] x[6] x[7]
//
// Task: A thread can load and store 16 bytes at once, if the address is a multiple of 16. A quarter of the requests moves then
// the same bytes. Four is such a pack: *reinterpret_cast<const Four*>(x + first) loads it. Make the result in a Four of its own,
// and store that at once. Give each thread four neighbours. Where fewer than four are left, take them one by one: a whole pack
// would leave the array. The launch must change, too.
//
// Target: 64 requests for n = 4096, half of them loads; you have 256.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 256, kPack = 4;

struct alignas(16) Four {
  float v[kPack];
};

__global__ void packs_kernel(const float* x, float* y, int n, float a, float b) {
  // TODO: four elements a thread, by one load and one store.
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < n) y[i] = a * x[i] + b;
}

}  // namespace

void course_packs(Gpu gpu, const float* x, float* y, int n, float a, float b) {
  if (n == 0) return;
  launch<packs_kernel>(dim3(ceil_div(n, kThreads)), dim3(kThreads), 0, gpu, x, y, n, a, b);
}

}  // namespace cudenza::course
