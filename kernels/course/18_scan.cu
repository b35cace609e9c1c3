// Exercise 18: a prefix scan.
//
//   y[r,c] = x[r,0] + x[r,1] + ... + x[r,c], for x [rows, columns] with at most 256 columns. A block a row.
//
//   columns:    0     1     2     3     4     5     6     7
//               a     b     c     d     e     f     g     h
//   step 1:     a     ab    bc    cd    de    ef    fg    gh        each adds what stands 1 to the left
//   step 2:     a     ab    abc   abcd  bcde  cdef  defg  efgh      2 to the left
//   step 4:     a     ab    abc   abcd  a..e  a..f  a..g  a..h      4 to the left
//
// Task: One thread does all the work of its row. Let 256 threads do it in 8 steps, as in the picture (Hillis, Steele 1986). In a
// step all threads read what others wrote before, and write anew: if one array holds both, a fast thread overwrites what a slow
// one has yet to read. Two arrays that change places in each step need one barrier a step; one array needs two.
//
// Target: at most 9 barriers a block; 80 requests for x [5,256]; you have 2560. 4 sectors a load and 4 a store; no bank
// conflict.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 256;

__global__ void scan_kernel(const float* x, float* y, int columns) {
  x += blockIdx.x * columns;
  y += blockIdx.x * columns;
  // TODO: all threads.
  if (threadIdx.x > 0) return;
  float sum = 0;
  for (int c = 0; c < columns; ++c) {
    sum += x[c];
    y[c] = sum;
  }
}

}  // namespace

void course_scan(Gpu gpu, const float* x, float* y, int rows, int columns) {
  if (rows == 0 || columns == 0) return;
  launch<scan_kernel>(dim3(rows), dim3(kThreads), 0, gpu, x, y, columns);
}

}  // namespace cudenza::course
