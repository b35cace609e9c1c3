// Exercise 4: rows and columns.
//
//   y[i,j] = x[i,j] + u[i] v[j], for x and y [rows, columns], u [rows], v [columns].
//
//   a block of 32 x 8 threads        thread (tx,ty) = (threadIdx.x, threadIdx.y)
//
//           j ->                     32 threads with one ty are a warp: (0,0) (1,0) (2,0) ... (31,0)
//      i    (0,0) (1,0) .. (31,0)
//      |    (0,1) (1,1) .. (31,1)    x[i,j] lies at x[i * columns + j], so that along j addresses are neighbours,
//      v    ...                      and from one i to the next they are 4 * columns bytes apart
//           (0,7) (1,7) .. (31,7)
//
// Task: Compute i and j of the thread, from blockIdx, blockDim and threadIdx, and then y[i,j]. Does j belong to threadIdx.x or
// to threadIdx.y? Look at which threads are a warp. Both sides may end in the middle of a block.
//
// Target: 4 sectors a load and 4 a store.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kWidth = 32, kHeight = 8;

__global__ void index_kernel(const float* x, const float* u, const float* v, float* y, int rows, int columns) {
  // TODO: i and j of this thread; then y[i,j] = x[i,j] + u[i] v[j].
}

}  // namespace

void course_index(Gpu gpu, const float* x, const float* u, const float* v, float* y, int rows, int columns) {
  if (rows == 0 || columns == 0) return;
  const dim3 grid(ceil_div(columns, kWidth), ceil_div(rows, kHeight)), block(kWidth, kHeight);
  launch<index_kernel>(grid, block, 0, gpu, x, u, v, y, rows, columns);
}

}  // namespace cudenza::course
