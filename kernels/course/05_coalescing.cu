// Exercise 5: neighbours read neighbours.
//
//   y[r,c] = x[r,c] + bias[c], for x and y [rows, columns].
//
//   now: a thread a row                        wanted: a thread a column
//
//   t0  ->  x[0,0] x[0,1] x[0,2] ...           t0      t1      t2
//   t1  ->  x[1,0] x[1,1] x[1,2] ...           x[0,0]  x[0,1]  x[0,2]  ...     one request: one piece of memory
//   t2  ->  x[2,0] ...                         x[1,0]  x[1,1]  x[1,2]  ...
//           ^ one request: 32 far places       |       |       |
//
// Task: The kernel is right, but in each step a warp touches 32 sectors, and uses 4 of the 32 bytes of each. Turn it round: a
// thread takes a column, and goes down its rows. The launch must change, too. What a thread needs of bias is then one number:
// read it once.
//
// Target: 4 sectors a load and 4 a store; you have 32.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 64;

// TODO: one thread a row is right, but slow.
__global__ void coalescing_kernel(const float* x, const float* bias, float* y, int rows, int columns) {
  const int r = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (r >= rows) return;
  for (int c = 0; c < columns; ++c) y[r * columns + c] = x[r * columns + c] + bias[c];
}

}  // namespace

void course_coalescing(Gpu gpu, const float* x, const float* bias, float* y, int rows, int columns) {
  if (rows == 0 || columns == 0) return;
  launch<coalescing_kernel>(dim3(ceil_div(rows, kThreads)), dim3(kThreads), 0, gpu, x, bias, y, rows, columns);
}

}  // namespace cudenza::course
