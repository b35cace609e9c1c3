#include "kernels/common/extents.h"
#include "kernels/common/float16.h"
#include "kernels/common/launch.h"
#include "kernels/pixels/pixels_math.h"

namespace cudenza::kernels {
namespace {

constexpr int kThreads = 256;

// y[b,i,j,:] = scale x[row, i, (j + first) mod W, :] + shift, or 0 where masked. One thread an element, neighbouring threads
// neighbouring channels and columns; blockIdx.y is the picture b, whose plan each block draws once.
template <class T>
__global__ void pixels_kernel(PixelBatch s, const uint8_t* x, const int64_t* rows, const uint32_t* epoch, T* y) {
  SHARED_ARRAY(PixelPlan, shared_plan, 1);
  const int views = views_of(s), seen = columns_seen(s), b = static_cast<int>(blockIdx.y);
  const int64_t row = rows[b / views];
  const bool exists = row >= 0 && row < s.resident;
  if (threadIdx.x == 0) {
    const PixelPlan drawn = pixel_plan(s, row, b % views, epoch ? *epoch : 0);
    shared_plan[0] = drawn;  // not straight from the call: g++ does not trace what a function writes as its result
  }
  __syncthreads();
  const PixelPlan plan = shared_plan[0];
  const int elements = s.height * seen * s.channels, at = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (at >= elements) return;
  const int pixel = at / s.channels, c = at % s.channels, i = pixel / seen, j = pixel % seen;
  const int from_j = j + plan.first < s.width ? j + plan.first : j + plan.first - s.width;
  const uint8_t* from = x + ((row * s.height + i) * s.width + from_j) * s.channels + c;
  const float value = !exists ? NAN : plan.masks(i, j) ? 0.0f : s.scale[c] * static_cast<float>(*from) + s.shift[c];
  y[static_cast<int64_t>(b) * elements + at] = value;
}

}  // namespace

template <class T> void pixels(Gpu gpu, const PixelBatch& s, const uint8_t* x, const int64_t* rows, const uint32_t* epoch, T* y) {
  if (s.batch == 0) return;
  const dim3 grid(static_cast<unsigned>(ceil_div(s.height * columns_seen(s) * s.channels, kThreads)),
                  static_cast<unsigned>(s.batch));
  launch<pixels_kernel<T>>(grid, dim3(kThreads), 0, gpu, s, x, rows, epoch, y);
}

template void pixels(Gpu, const PixelBatch&, const uint8_t*, const int64_t*, const uint32_t*, float*);
template void pixels(Gpu, const PixelBatch&, const uint8_t*, const int64_t*, const uint32_t*, bf16*);
template void pixels(Gpu, const PixelBatch&, const uint8_t*, const int64_t*, const uint32_t*, f16*);

}  // namespace cudenza::kernels
