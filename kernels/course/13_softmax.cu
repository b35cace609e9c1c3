// Exercise 13: softmax of a row, without overflow.
//
//   y[r,c] = e^x[r,c] / sum over k of e^x[r,k] = e^(x[r,c] - m) / sum over k of e^(x[r,k] - m), for any m
//
//   a warp a row, three passes over it:
//
//   1  m = max over the row         lanes: each its own columns, then joined by shuffles
//   2  s = sum of e^(x - m)         the same
//   3  y = e^(x - m) / s            each its own columns
//
// Task: e^89 is more than a float can hold, and with e^x as it stands the result is infinity / infinity, which is no number.
// With m, the largest x of the row, all exponents are at most 0, and the sum is at least 1. Add the first pass.
// warp_reduce(value, Max{}) is kernels/common/reduce.cuh's: it joins the lanes as warp_sum does. Some lanes may have no column
// at all: what do they bring to a maximum?
//
// Target: right for large x, too; 4 sectors a load and 4 a store; 1024 requests for x [64,128].
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
  const float largest = 0;  // TODO: of this row
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
