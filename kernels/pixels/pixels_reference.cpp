#include <algorithm>
#include <limits>

#include "kernels/common/float16.h"
#include "kernels/pixels/pixels_math.h"

namespace cudenza::kernels {
namespace {

/// y of one picture from x of the row it shows.
template <class T> void picture(const PixelBatch& s, const PixelPlan& plan, const uint8_t* x, T* y) {
  for (int i = 0; i < s.height; ++i) {
    for (int j = 0; j < columns_seen(s); ++j) {
      const uint8_t* const pixel = x + (i * s.width + (j + plan.first) % s.width) * s.channels;
      for (int c = 0; c < s.channels; ++c)
        *y++ = plan.masks(i, j) ? acc_t<T>(0) : static_cast<acc_t<T>>(double{s.scale[c]} * pixel[c] + s.shift[c]);
    }
  }
}

}  // namespace

template <class T>
void pixels(Reference, const PixelBatch& s, const uint8_t* x, const int64_t* rows, const uint32_t* epoch, T* y) {
  const int64_t size = int64_t{s.height} * s.width * s.channels, result = int64_t{s.height} * columns_seen(s) * s.channels;
#pragma omp parallel for
  for (int64_t b = 0; b < s.batch; ++b) {
    const int64_t row = rows[b / views_of(s)];
    T* const to = y + b * result;
    if (row >= 0 && row < s.resident)
      picture(s, pixel_plan(s, row, static_cast<int>(b % views_of(s)), epoch ? *epoch : 0), x + row * size, to);
    else std::fill(to, to + result, T(std::numeric_limits<float>::quiet_NaN()));
  }
}

template void pixels(Reference, const PixelBatch&, const uint8_t*, const int64_t*, const uint32_t*, float*);
template void pixels(Reference, const PixelBatch&, const uint8_t*, const int64_t*, const uint32_t*, double*);
template void pixels(Reference, const PixelBatch&, const uint8_t*, const int64_t*, const uint32_t*, bf16*);
template void pixels(Reference, const PixelBatch&, const uint8_t*, const int64_t*, const uint32_t*, f16*);

}  // namespace cudenza::kernels
