#include "kernels/common/reduce.cuh"
#include "kernels/tta/tta_instances.h"
#include "kernels/tta/tta_math.h"

namespace cudenza::kernels {
namespace {

constexpr int kThreads = 128;

/// What makes a pass' logits probabilities: its largest, and 1 / the sum of e^(x - largest).
struct SoftmaxRow {
  float largest, factor;

  __device__ float operator()(float x) const { return exp_of(x - largest) * factor; }
};

// The largest logit of a row and the sum of e^(x - largest). One warp.
template <class T> __device__ inline SoftmaxRow softmax_of_row(const T* x, int classes) {
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
  float largest = static_cast<float>(x[0]), sum = 0;
  for (int c = lane; c < classes; c += kWarpSize) largest = larger(largest, static_cast<float>(x[c]));
  largest = warp_reduce(largest, Max{});
  for (int c = lane; c < classes; c += kWarpSize) sum += exp_of(static_cast<float>(x[c]) - largest);
  return {largest, 1.0f / warp_sum(sum)};
}

// y[b,·] as in tta.h. One block a row: first each warp measures some of the passes, then each thread joins some of the classes.
template <class T>
__global__ void tta_probabilities_kernel(TtaRule rule, const T* plain, const T* variants, float* y, int64_t rows, int classes,
                                         int passes) {
  auto* const softmax = dynamic_shared<SoftmaxRow>();
  const int64_t b = blockIdx.x;
  const auto row_of = [&](int pass) { return pass == 0 ? plain + b * classes : variants + ((pass - 1) * rows + b) * classes; };
  const int thread = static_cast<int>(threadIdx.x), warp = thread / kWarpSize;
  for (int pass = warp; pass < passes; pass += kThreads / kWarpSize) {
    const SoftmaxRow measured = softmax_of_row(row_of(pass), classes);
    if (thread % kWarpSize == 0) softmax[pass] = measured;
  }
  __syncthreads();
  float* const row = y + b * classes;
  float sum = 0;
  for (int c = thread; c < classes; c += kThreads) {
    float value = 0;
    for (int pass = 0; pass < passes; ++pass)
      value = joined(rule, value, softmax[pass](static_cast<float>(row_of(pass)[c])), pass == 0);
    row[c] = value;
    sum += value;
  }
  if (!rule.takes_largest) return;
  const float factor = 1.0f / block_sum(sum);
  for (int c = thread; c < classes; c += kThreads) row[c] *= factor;  // what this thread wrote
}

}  // namespace

template <class T>
void tta_probabilities(Gpu gpu, const TtaRule& rule, const T* plain, const T* variants, acc_t<T>* y, int64_t rows,
                       int64_t classes, int64_t passes) {
  if (rows * classes == 0) return;
  launch<tta_probabilities_kernel<T>>(dim3(static_cast<unsigned>(rows)), dim3(kThreads),
                                      sizeof(SoftmaxRow) * static_cast<size_t>(passes), gpu, rule, plain, variants, y, rows,
                                      static_cast<int>(classes), static_cast<int>(passes));
}

CUDENZA_TTA(Gpu, float)
CUDENZA_TTA(Gpu, bf16)
CUDENZA_TTA(Gpu, f16)

}  // namespace cudenza::kernels
