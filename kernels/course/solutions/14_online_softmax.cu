// Solution of exercise 14: softmax by two passes instead of three.
// A lane without columns has (lowest, 0): scaled to the row's maximum, 0 stays 0. (Milakov, Gimelshein: Online normalizer
// calculation for softmax, 2018.)
//
// The project's own: kernels/softmax_xent/softmax_xent_cuda.cu:38-55 (OnlineSum),
// kernels/softmax_xent/softmax_xent_cuda.cu:112-129 (softmax_forward_kernel)
#include <limits>

#include "kernels/common/reduce.cuh"
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 128, kWarps = kThreads / kWarpSize;

__global__ void online_softmax_kernel(const float* x, float* y, int rows, int columns) {
  const int lane = threadIdx.x % kWarpSize, r = static_cast<int>(blockIdx.x * kWarps + threadIdx.x / kWarpSize);
  if (r >= rows) return;
  x += r * columns;
  y += r * columns;
  float mine = std::numeric_limits<float>::lowest(), sum = 0;
  for (int c = lane; c < columns; c += kWarpSize) {
    const float in = x[c], top = larger(mine, in);
    sum = sum * exp_of(mine - top) + exp_of(in - top);
    mine = top;
  }
  const float largest = warp_reduce(mine, Max{});
  sum = warp_sum(sum * exp_of(mine - largest));
  for (int c = lane; c < columns; c += kWarpSize) y[c] = exp_of(x[c] - largest) / sum;
}

}  // namespace

void course_online_softmax(Gpu gpu, const float* x, float* y, int rows, int columns) {
  if (rows == 0 || columns == 0) return;
  launch<online_softmax_kernel>(dim3(ceil_div(rows, kWarps)), dim3(kThreads), 0, gpu, x, y, rows, columns);
}

}  // namespace cudenza::course
