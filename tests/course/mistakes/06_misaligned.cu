// Planted: the index counts elements, and packs begin anywhere.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kThreads = 256, kPack = 4;

struct alignas(16) Four {
  float v[kPack];
};

__global__ void packs_kernel(const float* x, float* y, int n, float a, float b) {
  const int first = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x) * kPack;
  if (first + kPack <= n) {
    const Four in = *reinterpret_cast<const Four*>(x + first / kPack);
    Four out;
    for (int k = 0; k < kPack; ++k) out.v[k] = a * in.v[k] + b;
    *reinterpret_cast<Four*>(y + first) = out;
  } else {
    for (int i = first; i < n; ++i) y[i] = a * x[i] + b;
  }
}

}  // namespace

void course_packs(Gpu gpu, const float* x, float* y, int n, float a, float b) {
  if (n == 0) return;
  launch<packs_kernel>(dim3(ceil_div(n, kThreads * kPack)), dim3(kThreads), 0, gpu, x, y, n, a, b);
}

}  // namespace cudenza::course
