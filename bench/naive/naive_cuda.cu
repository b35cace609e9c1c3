#include "bench/naive/naive.h"
#include "kernels/common/extents.h"
#include "kernels/common/launch.h"
#include "kernels/common/math.h"

namespace cudenza::naive {
namespace {

using kernels::ceil_div;
using kernels::larger;
using kernels::launch;
using kernels::smaller;

constexpr int kThreads = 256;

dim3 blocks_for(int64_t threads) { return dim3(static_cast<unsigned>(ceil_div<int64_t>(threads, kThreads))); }

__device__ inline int64_t thread_index() { return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; }

// y[i] = max(x[i], 0). One thread an element.
__global__ void naive_relu_kernel(const float* x, float* y, int64_t count) {
  const int64_t i = thread_index();
  if (i < count) y[i] = x[i] > 0 ? x[i] : 0;
}

// y[c] = sum over r of x[r,c]. One thread a channel.
__global__ void naive_sum_rows_kernel(const float* x, float* y, int64_t rows, int64_t channels) {
  const int64_t c = thread_index();
  if (c >= channels) return;
  float sum = 0;
  for (int64_t r = 0; r < rows; ++r) sum += x[r * channels + c];
  y[c] = sum;
}

// mean[c] and variance[c] over the rows. One thread a channel.
__global__ void naive_statistics_kernel(const float* x, float* mean, float* variance, int64_t rows, int64_t channels) {
  const int64_t c = thread_index();
  if (c >= channels) return;
  float sum = 0, squares = 0;
  for (int64_t r = 0; r < rows; ++r) sum += x[r * channels + c];
  const float middle = sum / static_cast<float>(rows);
  for (int64_t r = 0; r < rows; ++r) squares += (x[r * channels + c] - middle) * (x[r * channels + c] - middle);
  mean[c] = middle;
  variance[c] = squares / static_cast<float>(rows);
}

// y[n,j,i] = x[n,i,j]. One thread an element of x.
__global__ void naive_transpose_kernel(const float* x, float* y, int64_t batch, int64_t rows, int64_t columns) {
  const int64_t index = thread_index();
  if (index >= batch * rows * columns) return;
  const int64_t j = index % columns, i = index / columns % rows, n = index / columns / rows;
  y[(n * columns + j) * rows + i] = x[index];
}

// loss[n] = log of the sum of e^x[n,c] - x[n,label]. One thread a row.
__global__ void naive_softmax_xent_kernel(const float* x, const int64_t* labels, float* loss, int64_t rows, int64_t classes) {
  const int64_t n = thread_index();
  if (n >= rows) return;
  const float* row = x + n * classes;
  float most = row[0], sum = 0;
  for (int64_t c = 1; c < classes; ++c) most = larger(most, row[c]);
  for (int64_t c = 0; c < classes; ++c) sum += kernels::exp_of(row[c] - most);
  loss[n] = kernels::log_of(sum) + most - row[labels[n]];
}

// y[n,i,j,c] = max of the window. One thread an element of y.
__global__ void naive_max_pool_kernel(const float* x, float* y, int64_t batch, int64_t height, int64_t width, int64_t channels) {
  const int64_t out_height = (height - 1) / 2 + 1, out_width = (width - 1) / 2 + 1, index = thread_index();
  if (index >= batch * out_height * out_width * channels) return;
  const int64_t c = index % channels, j = index / channels % out_width, i = index / channels / out_width % out_height;
  const int64_t n = index / channels / out_width / out_height;
  const int64_t first_p = larger<int64_t>(2 * i - 1, 0), first_q = larger<int64_t>(2 * j - 1, 0);
  float most = x[((n * height + first_p) * width + first_q) * channels + c];
  for (int64_t p = first_p; p < smaller(2 * i + 2, height); ++p) {
    for (int64_t q = first_q; q < smaller(2 * j + 2, width); ++q)
      most = larger(most, x[((n * height + p) * width + q) * channels + c]);
  }
  y[index] = most;
}

}  // namespace

void relu(Gpu gpu, const float* x, float* y, int64_t count) {
  launch<naive_relu_kernel>(blocks_for(count), dim3(kThreads), 0, gpu, x, y, count);
}

void sum_rows(Gpu gpu, const float* x, float* y, int64_t rows, int64_t channels) {
  launch<naive_sum_rows_kernel>(blocks_for(channels), dim3(kThreads), 0, gpu, x, y, rows, channels);
}

void statistics(Gpu gpu, const float* x, float* mean, float* variance, int64_t rows, int64_t channels) {
  launch<naive_statistics_kernel>(blocks_for(channels), dim3(kThreads), 0, gpu, x, mean, variance, rows, channels);
}

void transpose(Gpu gpu, const float* x, float* y, int64_t batch, int64_t rows, int64_t columns) {
  launch<naive_transpose_kernel>(blocks_for(batch * rows * columns), dim3(kThreads), 0, gpu, x, y, batch, rows, columns);
}

void softmax_xent(Gpu gpu, const float* x, const int64_t* labels, float* loss, int64_t rows, int64_t classes) {
  launch<naive_softmax_xent_kernel>(blocks_for(rows), dim3(kThreads), 0, gpu, x, labels, loss, rows, classes);
}

void max_pool(Gpu gpu, const float* x, float* y, int64_t batch, int64_t height, int64_t width, int64_t channels) {
  const int64_t count = batch * ((height - 1) / 2 + 1) * ((width - 1) / 2 + 1) * channels;
  launch<naive_max_pool_kernel>(blocks_for(count), dim3(kThreads), 0, gpu, x, y, batch, height, width, channels);
}

}  // namespace cudenza::naive
