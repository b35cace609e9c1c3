#include <limits>

#include "kernels/common/float16.h"
#include "kernels/common/parallel.h"
#include "kernels/pixels/pixels_math.h"

namespace cudenza::kernels {
namespace {

/// y = x normalised, `count` pixels.
template <int C, class T> void copy_pixels(const PixelBatch& s, const uint8_t* x, T* y, int count) {
#pragma omp simd
  for (int j = 0; j < count * C; ++j) y[j] = s.scale[j % C] * static_cast<float>(x[j]) + s.shift[j % C];
}

template <int C, class T> void picture(const PixelBatch& s, const PixelPlan& plan, const uint8_t* x, T* y) {
  const int seen = columns_seen(s), before_end = smaller(seen, s.width - plan.first);
  for (int i = 0; i < s.height; ++i) {
    const uint8_t* from = x + static_cast<int64_t>(i) * s.width * C;
    T* to = y + static_cast<int64_t>(i) * seen * C;
    copy_pixels<C>(s, from + plan.first * C, to, before_end);
    copy_pixels<C>(s, from, to + before_end * C, seen - before_end);
    const bool row_masked = i >= plan.first_row && i < plan.first_row + plan.rows;
    const int first = row_masked ? 0 : plan.first_column, count = row_masked ? seen : plan.columns;
    for (int k = first * C; k < (first + count) * C; ++k) to[k] = 0.0f;
  }
}

}  // namespace

template <class T> void pixels(Cpu, const PixelBatch& s, const uint8_t* x, const int64_t* rows, const uint32_t* epoch, T* y) {
  const int64_t lines = int64_t{s.height} * s.channels, size = lines * columns_seen(s);
  parallel_ranges(s.batch, size, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t row = rows[b / views_of(s)];
      T* to = y + b * size;
      if (row < 0 || row >= s.resident) {
        for (int64_t k = 0; k < size; ++k) to[k] = std::numeric_limits<float>::quiet_NaN();
        continue;
      }
      const PixelPlan plan = pixel_plan(s, row, static_cast<int>(b % views_of(s)), epoch ? *epoch : 0);
      const uint8_t* from = x + row * lines * s.width;
      if (s.channels == 1) picture<1>(s, plan, from, to);
      else if (s.channels == 3) picture<3>(s, plan, from, to);
      else if (s.channels == 2) picture<2>(s, plan, from, to);
      else picture<4>(s, plan, from, to);
    }
  });
}

template void pixels(Cpu, const PixelBatch&, const uint8_t*, const int64_t*, const uint32_t*, float*);
template void pixels(Cpu, const PixelBatch&, const uint8_t*, const int64_t*, const uint32_t*, bf16*);
template void pixels(Cpu, const PixelBatch&, const uint8_t*, const int64_t*, const uint32_t*, f16*);

}  // namespace cudenza::kernels
