#include <limits>
#include <vector>

#include "kernels/pixels/pixels_math.h"
#include "kernels/simd/simd.h"
#include "kernels/simd/streaming.h"

namespace cudenza::kernels {
namespace {

/// What normalises C registers of neighbouring bytes: whole pixels, in which the channels come round.
template <int C> struct Normalisation {
  static constexpr int kBytes = C * kSimd<float>;
  Simd<float> scale[C], shift[C];

  explicit Normalisation(const PixelBatch& s) {
    for (int k = 0; k < kBytes; ++k) {
      scale[k / kSimd<float>][k % kSimd<float>] = s.scale[k % C];
      shift[k / kSimd<float>][k % kSimd<float>] = s.shift[k % C];
    }
  }
  /// y = x normalised, of whole pixels.
  template <class T> void operator()(const uint8_t* x, T* y, int count) const {
    int j = 0;
    for (; j + kBytes <= count; j += kBytes) {
      for (int r = 0; r < C; ++r) {
        const auto bytes = simd_widened<float>(x + j + r * kSimd<float>);
        simd_store(y + j + r * kSimd<float>, __builtin_convertvector(bytes, Simd<float>) * scale[r] + shift[r]);
      }
    }
    for (int k = 0; j < count; ++j, ++k)
      y[j] = scale[k / kSimd<float>][k % kSimd<float>] * static_cast<float>(x[j]) + shift[k / kSimd<float>][k % kSimd<float>];
  }
};

/// A picture, row by row by way of a buffer if it `streams`.
template <int C, class T>
void picture(const PixelBatch& s, const PixelPlan& plan, const uint8_t* x, T* y, std::vector<T>& buffer, bool streams) {
  const int seen = columns_seen(s), before_end = smaller(seen, s.width - plan.first);
  const Normalisation<C> normalised(s);
  for (int i = 0; i < s.height; ++i) {
    const uint8_t* const from = x + static_cast<int64_t>(i) * s.width * C;
    T* const row = y + static_cast<int64_t>(i) * seen * C;
    T* const to = streams ? buffer.data() : row;
    normalised(from + plan.first * C, to, before_end * C);
    normalised(from, to + before_end * C, (seen - before_end) * C);
    const bool row_masked = i >= plan.first_row && i < plan.first_row + plan.rows;
    const int first = row_masked ? 0 : plan.first_column, count = row_masked ? seen : plan.columns;
    for (int k = first * C; k < (first + count) * C; ++k) to[k] = 0.0f;
    if (streams) stream_out(row, to, static_cast<int64_t>(seen) * C * static_cast<int64_t>(sizeof(T)));
  }
}

}  // namespace

template <class T> void pixels(Cpu, const PixelBatch& s, const uint8_t* x, const int64_t* rows, const uint32_t* epoch, T* y) {
  const int64_t lines = int64_t{s.height} * s.channels, size = lines * columns_seen(s);
  const bool streams = s.batch * size * static_cast<int64_t>(sizeof(T)) >= kStreamBytes;
  parallel_ranges(s.batch, size, [&](int64_t begin, int64_t end) {
    std::vector<T> buffer(static_cast<size_t>(streams ? columns_seen(s) * s.channels : 0));
    for (int64_t b = begin; b < end; ++b) {
      const int64_t row = rows[b / views_of(s)];
      T* to = y + b * size;
      if (row < 0 || row >= s.resident) {
        for (int64_t k = 0; k < size; ++k) to[k] = std::numeric_limits<float>::quiet_NaN();
        continue;
      }
      const PixelPlan plan = pixel_plan(s, row, static_cast<int>(b % views_of(s)), epoch ? *epoch : 0);
      const uint8_t* from = x + row * lines * s.width;
      if (s.channels == 1) picture<1>(s, plan, from, to, buffer, streams);
      else if (s.channels == 3) picture<3>(s, plan, from, to, buffer, streams);
      else if (s.channels == 2) picture<2>(s, plan, from, to, buffer, streams);
      else picture<4>(s, plan, from, to, buffer, streams);
    }
    finish_streaming();
  });
}

template void pixels(Cpu, const PixelBatch&, const uint8_t*, const int64_t*, const uint32_t*, float*);
template void pixels(Cpu, const PixelBatch&, const uint8_t*, const int64_t*, const uint32_t*, bf16*);
template void pixels(Cpu, const PixelBatch&, const uint8_t*, const int64_t*, const uint32_t*, f16*);

}  // namespace cudenza::kernels
