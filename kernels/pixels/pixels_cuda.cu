#include "kernels/common/extents.h"
#include "kernels/common/float16.h"
#include "kernels/common/launch.h"
#include "kernels/pixels/pixels_math.h"

namespace cudenza::kernels {
namespace {

constexpr int kThreads = 256;

// y[b,i,j,:] = scale x[rows[b], i, (j + turn) mod W, :] + shift, or 0 where masked. One thread a pixel, neighbouring threads
// neighbouring columns; blockIdx.y is the picture, whose plan each block draws once.
template <class T>
__global__ void pixels_kernel(PixelBatch s, const uint8_t* x, const int64_t* rows, const uint32_t* epoch, T* y) {
  SHARED_ARRAY(PixelPlan, shared_plan, 1);
  const int64_t row = rows[blockIdx.y];
  const bool exists = row >= 0 && row < s.resident;
  if (threadIdx.x == 0) shared_plan[0] = pixel_plan(s, row, epoch ? *epoch : 0);
  __syncthreads();
  const PixelPlan plan = shared_plan[0];
  const int pixel = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (pixel >= s.height * s.width) return;
  const int i = pixel / s.width, j = pixel % s.width;
  const int from_j = j + plan.turn < s.width ? j + plan.turn : j + plan.turn - s.width;
  const int64_t picture = static_cast<int64_t>(s.height) * s.width;
  const uint8_t* from = x + (row * picture + static_cast<int64_t>(i) * s.width + from_j) * s.channels;
  T* to = y + (blockIdx.y * picture + pixel) * s.channels;
  for (int c = 0; c < s.channels; ++c) {
    const float value = !exists ? NAN : plan.masks(i, j) ? 0.0f : s.scale[c] * static_cast<float>(from[c]) + s.shift[c];
    to[c] = value;
  }
}

}  // namespace

template <class T> void pixels(Gpu gpu, const PixelBatch& s, const uint8_t* x, const int64_t* rows, const uint32_t* epoch, T* y) {
  if (s.batch == 0) return;
  const dim3 grid(static_cast<unsigned>(ceil_div(s.height * s.width, kThreads)), static_cast<unsigned>(s.batch));
  launch<pixels_kernel<T>>(grid, dim3(kThreads), 0, gpu, s, x, rows, epoch, y);
}

template void pixels(Gpu, const PixelBatch&, const uint8_t*, const int64_t*, const uint32_t*, float*);
template void pixels(Gpu, const PixelBatch&, const uint8_t*, const int64_t*, const uint32_t*, bf16*);
template void pixels(Gpu, const PixelBatch&, const uint8_t*, const int64_t*, const uint32_t*, f16*);

}  // namespace cudenza::kernels
