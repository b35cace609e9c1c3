// Solution of exercise 16: batch norm and ReLU in one kernel.
// Half the bytes, and so about half the time.
//
// The project's own, with a residual, packs, and the four numbers of a channel kept in registers:
// kernels/batch_norm/batch_norm_cuda.cu:25-49 (apply_to_rows), kernels/batch_norm/batch_norm_cuda.cu:51-69 (apply_kernel)
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 256;

__global__ void normalize_relu_kernel(const float* x, const float* mean, const float* inv_std, const float* gamma,
                                      const float* beta, float* y, int n, int channels) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x), c = i % channels;
  if (i < n) y[i] = larger((x[i] - mean[c]) * inv_std[c] * gamma[c] + beta[c], 0.0f);
}

}  // namespace

void course_batch_norm(Gpu gpu, const float* x, const float* mean, const float* inv_std, const float* gamma, const float* beta,
                       float* y, int rows, int channels) {
  const int n = rows * channels;
  if (n == 0) return;
  const dim3 grid(ceil_div(n, kThreads)), block(kThreads);
  launch<normalize_relu_kernel>(grid, block, 0, gpu, x, mean, inv_std, gamma, beta, y, n, channels);
}

}  // namespace cudenza::course
