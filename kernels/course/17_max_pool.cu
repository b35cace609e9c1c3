// Exercise 17: max pool, with its winners.
//
//   y[n,i,j,c] = max of x[n,p,q,c] over the window |p - 2i| <= 1, |q - 2j| <= 1, as far as it lies in the picture;
//   winner[n,i,j,c] = p * width + q of that maximum, the first one of several. x [batch, height, width, channels].
//
//   windows of 3 x 3, two apart, with a border of one:     a thread an output; c is the fastest index:
//
//        -1  0  1  2  3  4                                 t0 ... t31: channels 0 ... 31 of one window,
//    -1   .  .  .                                          which read neighbouring channels of one pixel
//     0   .  #  #--#  #                                    at a time
//     1   .  #  #--#  #
//
// Task: The kernel looks at the middle of its window alone. Let it go over the whole window, row by row, but not outside the
// picture. The backward pass wants to know which pixel won: keep its number p * width + q beside the maximum. Of equal pixels
// the first one wins; so compare by `>`. Begin with the first pixel of the window, or with minus infinity: 0 is wrong where all
// are negative.
//
// Target: 4 sectors a load and 4 a store for 32 channels; 153 requests for x [1,8,8,32]: no thread reads a pixel twice.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 256;

__global__ void max_pool_kernel(const float* x, float* y, int* winner, int count, int height, int width, int channels) {
  const int out_height = (height - 1) / 2 + 1, out_width = (width - 1) / 2 + 1;
  const int index = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (index >= count) return;
  const int c = index % channels, j = index / channels % out_width, i = index / channels / out_width % out_height;
  const int n = index / channels / out_width / out_height;
  // TODO: the whole window, from (2i - 1, 2j - 1) to (2i + 1, 2j + 1).
  const int p = 2 * i, q = 2 * j;
  y[index] = x[((n * height + p) * width + q) * channels + c];
  winner[index] = p * width + q;
}

}  // namespace

void course_max_pool(Gpu gpu, const float* x, float* y, int* winner, int batch, int height, int width, int channels) {
  const int count = batch * ((height - 1) / 2 + 1) * ((width - 1) / 2 + 1) * channels;
  if (count == 0) return;
  launch<max_pool_kernel>(dim3(ceil_div(count, kThreads)), dim3(kThreads), 0, gpu, x, y, winner, count, height, width, channels);
}

}  // namespace cudenza::course
