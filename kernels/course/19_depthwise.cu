// Exercise 19: a depthwise 3x3 convolution, by tiles with a halo.
//
//   y[p,i,j] = sum over a, b of w[p,a,b] x[p, i + a - 1, j + b - 1], a and b from 0 to 2; outside the picture x is 0.
//   x and y [planes, height, width], w [planes,3,3].
//
//   A block has 32 x 8 outputs of one plane.                 tile: 34 x 10 of x, that is the outputs' places
//                                                                  and a border of one, the halo
//     h h h h ... h h h                                            loaded once, by all 256 threads:
//     h o o o ... o o h      h: halo                               thread t takes tile[t] and tile[t + 256]
//     h o o o ... o o h      o: output
//     h h h h ... h h h      each o is read for nine outputs
//
// Task: Each thread reads nine numbers of x from memory, and its neighbours read most of them again. Load the tile with its halo
// into shared memory first; places outside the picture are 0. After a barrier, take the nine numbers from the tile. The tile has
// more elements (340) than the block has threads (256): let the threads loop over it. Threads without an output help to load,
// and come to the barrier.
//
// Target: 1 barrier a block; 2912 requests for x [2,64,64]; you have 4816. No bank conflict.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kWidth = 32, kHeight = 8, kThreads = kWidth * kHeight;

__global__ void depthwise_kernel(const float* x, const float* w, float* y, int height, int width) {
  const int plane = static_cast<int>(blockIdx.z), tx = threadIdx.x % kWidth, ty = threadIdx.x / kWidth;
  const int i = static_cast<int>(blockIdx.y) * kHeight + ty, j = static_cast<int>(blockIdx.x) * kWidth + tx;
  x += plane * height * width;
  // TODO: SHARED_ARRAY(float, tile, 10 * 34), and the nine numbers from there.
  if (i >= height || j >= width) return;
  float sum = 0;
  for (int a = 0; a < 3; ++a) {
    for (int b = 0; b < 3; ++b) {
      const int p = i + a - 1, q = j + b - 1;
      if (p >= 0 && p < height && q >= 0 && q < width) sum += w[plane * 9 + a * 3 + b] * x[p * width + q];
    }
  }
  y[(plane * height + i) * width + j] = sum;
}

}  // namespace

void course_depthwise(Gpu gpu, const float* x, const float* w, float* y, int planes, int height, int width) {
  if (planes == 0 || height == 0 || width == 0) return;
  const dim3 grid(ceil_div(width, kWidth), ceil_div(height, kHeight), planes);
  launch<depthwise_kernel>(grid, dim3(kThreads), 0, gpu, x, w, y, height, width);
}

}  // namespace cudenza::course
