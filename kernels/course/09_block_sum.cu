// Exercise 9: the sum of a block.
//
//   partial[b] = sum of x[256 b + t] over the threads t of block b, as far as x goes.
//
//   sums:   t0      t1      t2      ...  t127   | t128 ... t255      256 numbers in shared memory
//           + [128] + [129] + [130]      + [255]                     half = 128: the lower half adds the upper one
//           t0 .. t63 | t64 .. t127                                  half = 64
//           ...
//           t0 | t1                                                  half = 1: sums[0] is the sum
//
// Task: Each thread has left its number in sums. Add them: in each round the threads below `half` add what stands `half` further
// on, and half becomes half of itself. Before a round begins, all threads must be done with the one before: a barrier, which all
// threads come to. Let whole warps fall silent (t < half), not every second lane (t % 2 == 0): those warps would go on to work.
//
// Target: at most 9 barriers a block, 192 shared requests for n = 1000, and no bank conflict.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 256;

__global__ void block_sum_kernel(const float* x, float* partial, int n) {
  SHARED_ARRAY(float, sums, kThreads);
  const int t = static_cast<int>(threadIdx.x), i = static_cast<int>(blockIdx.x) * kThreads + t;
  sums[t] = i < n ? x[i] : 0.0f;
  // TODO: the sum of all of sums into sums[0].
  if (t == 0) partial[blockIdx.x] = sums[0];
}

}  // namespace

void course_block_sum(Gpu gpu, const float* x, float* partial, int n) {
  if (n == 0) return;
  launch<block_sum_kernel>(dim3(ceil_div(n, kThreads)), dim3(kThreads), 0, gpu, x, partial, n);
}

}  // namespace cudenza::course
