// Exercise 1: one thread, one element.
//
//   y[i] = a x[i] + b, for i from 0 to n - 1. Here n is a multiple of 256, and a block has 256 threads.
//
//   block 0                              block 1
//   thread 0     1     2   ...   255     thread 0      1   ...   255
//          x[0]  x[1]  x[2] ...  x[255]         x[256] x[257] ... x[511]
//
// Task: A kernel is run by many threads at once. Each must find out which element is its own. blockIdx.x is the number of its
// block, blockDim.x how many threads a block has, threadIdx.x its number in the block. Compute i from these three, and then
// y[i].
//
// Target: 4 sectors a load and 4 a store. Memory is moved by sectors of 32 bytes; a warp, 32 threads that go together, asks for
// 32 floats of 4 bytes, which fit into 4 sectors.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 256;

__global__ void map_kernel(const float* x, float* y, float a, float b) {
  // TODO: which element is this thread's? Then y = a x + b for it.
}

}  // namespace

void course_map(Gpu gpu, const float* x, float* y, int n, float a, float b) {
  if (n == 0) return;
  launch<map_kernel>(dim3(n / kThreads), dim3(kThreads), 0, gpu, x, y, a, b);
}

}  // namespace cudenza::course
