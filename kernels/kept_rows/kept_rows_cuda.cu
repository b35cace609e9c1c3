#include "kernels/common/extents.h"
#include "kernels/common/float16.h"
#include "kernels/common/launch.h"
#include "kernels/kept_rows/kept_rows_math.h"

namespace cudenza::kernels {
namespace {

constexpr int kThreads = 256;

// y[b,i] = x[kept_row(b),i]. One thread an element, neighbouring threads neighbouring elements; blockIdx.y is b.
template <class T>
__global__ void kept_rows_kernel(KeptRows s, const T* x, const int64_t* first, const int64_t* rows, const uint32_t* epoch, T* y) {
  const int64_t b = blockIdx.y, row = kept_row(s, first, rows, epoch, b);
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i < s.row_size) y[b * s.row_size + i] = row < 0 ? T(NAN) : x[row * s.row_size + i];
}

}  // namespace

template <class T>
void kept_rows(Gpu gpu, const KeptRows& s, const T* x, const int64_t* first, const int64_t* rows, const uint32_t* epoch, T* y) {
  if (s.batch == 0 || s.row_size == 0) return;
  const dim3 grid(static_cast<unsigned>(ceil_div(s.row_size, int64_t{kThreads})), static_cast<unsigned>(s.batch));
  launch<kept_rows_kernel<T>>(grid, dim3(kThreads), 0, gpu, s, x, first, rows, epoch, y);
}

template void kept_rows(Gpu, const KeptRows&, const float*, const int64_t*, const int64_t*, const uint32_t*, float*);
template void kept_rows(Gpu, const KeptRows&, const bf16*, const int64_t*, const int64_t*, const uint32_t*, bf16*);
template void kept_rows(Gpu, const KeptRows&, const f16*, const int64_t*, const int64_t*, const uint32_t*, f16*);

}  // namespace cudenza::kernels
