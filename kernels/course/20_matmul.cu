// Exercise 20: a matrix product, by tiles.
//
//   c[i,j] = sum over l of a[i,l] b[l,j], for a [m,k], b [k,n], c [m,n].
//
//                b:   l0  | tile of b |               A block has a tile of 16 x 16 elements of c. It walks along l
//                     ... |  16 x 16  |               in steps of 16. In each step it loads a tile of a and a tile
//                                                     of b, and every element of both is used 16 times.
//       a:       l0 ...
//    rows of  [ tile of a ]  [ tile of c ]            thread (tx,ty): c[i,j] with i = 16 by + ty, j = 16 bx + tx
//    the block   16 x 16        16 x 16
//
// Task: Each thread reads a row of a and a column of b from memory: 2 k numbers for k products. In each step of 16, let each
// thread load one element of a's tile and one of b's into shared memory (0 outside), wait, add the 16 products, and wait again
// before the next tiles come. No thread may leave before the last barrier.
//
// Target: 544 requests for m = n = 32, k = 128; you have 8224. 2 barriers a step; no bank conflict.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kTile = 16;

__global__ void matmul_kernel(const float* a, const float* b, float* c, int m, int n, int k) {
  const int tx = static_cast<int>(threadIdx.x), ty = static_cast<int>(threadIdx.y);
  const int i = static_cast<int>(blockIdx.y) * kTile + ty, j = static_cast<int>(blockIdx.x) * kTile + tx;
  // TODO: by tiles.
  if (i >= m || j >= n) return;
  float sum = 0;
  for (int l = 0; l < k; ++l) sum += a[i * k + l] * b[l * n + j];
  c[i * n + j] = sum;
}

}  // namespace

void course_matmul(Gpu gpu, const float* a, const float* b, float* c, int m, int n, int k) {
  if (m == 0 || n == 0) return;
  launch<matmul_kernel>(dim3(ceil_div(n, kTile), ceil_div(m, kTile)), dim3(kTile, kTile), 0, gpu, a, b, c, m, n, k);
}

}  // namespace cudenza::course
