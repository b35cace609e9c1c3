#include "kernels/batch_norm/batch_norm_shared_math.h"
#include "kernels/common/launch.h"

namespace cudenza::kernels {
namespace {

constexpr int kThreads = 128;

__device__ inline int64_t own_index() { return static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x; }

// sums[c] = rows mean[c], sums[channels + c] = sum of x². One thread a channel.
template <class A> __global__ void batch_norm_share_kernel(const A* mean, const A* unbiased, BatchNormShape shape, double* sums) {
  const int64_t c = own_index();
  if (c < shape.channels) share_channel(c, mean, unbiased, shape, sums);
}

// mean[c] and inv_std[c] of the whole batch, and the running statistics. One thread a channel.
template <class A>
__global__ void batch_norm_join_kernel(const double* sums, int64_t channels, double eps, A* mean, A* inv_std,
                                       RunningStatistics<A> running) {
  const int64_t c = own_index();
  if (c < channels) join_channel(c, sums, channels, eps, mean, inv_std, running);
}

// gradients[i] *= rows / n. One thread a number.
template <class A>
__global__ void batch_norm_of_all_rows_kernel(const double* sums, BatchNormShape shape, A* gradients, int64_t count) {
  const int64_t i = own_index();
  if (i < count) scale_to_all_rows(i, sums, shape, gradients);
}

dim3 blocks_for(int64_t count) { return dim3(static_cast<unsigned>(ceil_div<int64_t>(count, kThreads))); }

}  // namespace

template <class A> void batch_norm_share(Gpu gpu, const A* mean, const A* unbiased, const BatchNormShape& shape, double* sums) {
  if (shape.channels == 0) return;
  launch<batch_norm_share_kernel<A>>(blocks_for(shape.channels), dim3(kThreads), 0, gpu, mean, unbiased, shape, sums);
}

template <class A>
void batch_norm_join(Gpu gpu, const double* sums, int64_t channels, double eps, A* mean, A* inv_std,
                     const RunningStatistics<A>& running) {
  if (channels == 0) return;
  launch<batch_norm_join_kernel<A>>(blocks_for(channels), dim3(kThreads), 0, gpu, sums, channels, eps, mean, inv_std, running);
}

template <class A>
void batch_norm_of_all_rows(Gpu gpu, const double* sums, const BatchNormShape& shape, A* gradients, int64_t count) {
  if (count == 0) return;
  launch<batch_norm_of_all_rows_kernel<A>>(blocks_for(count), dim3(kThreads), 0, gpu, sums, shape, gradients, count);
}

template void batch_norm_share(Gpu, const float*, const float*, const BatchNormShape&, double*);
template void batch_norm_join(Gpu, const double*, int64_t, double, float*, float*, const RunningStatistics<float>&);
template void batch_norm_of_all_rows(Gpu, const double*, const BatchNormShape&, float*, int64_t);

}  // namespace cudenza::kernels
