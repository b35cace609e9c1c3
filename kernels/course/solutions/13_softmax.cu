// Solution of exercise 13: softmax of a row, without overflow.
// A lane without columns brings the lowest number there is, which changes no maximum.
//
// The project's own reads a row twice instead (exercise 14): kernels/softmax_xent/softmax_xent_cuda.cu:112-129
// (softmax_forward_kernel)
#include <limits>

#include "kernels/common/reduce.cuh"
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 128, kWarps = kThreads / kWarpSize;

__global__ void softmax_kernel(const float* x, float* y, int rows, int columns) {
  const int lane = threadIdx.x % kWarpSize, r = static_cast<int>(blockIdx.x * kWarps + threadIdx.x / kWarpSize);
  if (r >= rows) return;
  x += r * columns;
  y += r * columns;
  float largest = std::numeric_limits<float>::lowest();
  for (int c = lane; c < columns; c += kWarpSize) largest = larger(largest, x[c]);
  largest = warp_reduce(largest, Max{});
  float sum = 0;
  for (int c = lane; c < columns; c += kWarpSize) sum += exp_of(x[c] - largest);
  sum = warp_sum(sum);
  for (int c = lane; c < columns; c += kWarpSize) y[c] = exp_of(x[c] - largest) / sum;
}

}  // namespace

void course_softmax(Gpu gpu, const float* x, float* y, int rows, int columns) {
  if (rows == 0 || columns == 0) return;
  launch<softmax_kernel>(dim3(ceil_div(rows, kWarps)), dim3(kThreads), 0, gpu, x, y, rows, columns);
}

}  // namespace cudenza::course
