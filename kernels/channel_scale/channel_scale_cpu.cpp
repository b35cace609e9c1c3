#include "kernels/channel_scale/channel_scale_instances.h"
#include "kernels/pointwise/pointwise_math.h"
#include "kernels/reduce/row_shares.h"
#include "kernels/simd/simd_map.h"
#include "kernels/simd/streaming.h"

namespace cudenza::kernels {
namespace {

/// dx[i] = dy[i] factor[i] and sum[i] += dy[i] x[i]. One row at a time: streamed lines of several rows, begun side by side, would
/// be sent half full.
template <class T>
void backward_strip(const T* dy, const T* x, const acc_t<T>* factor, T* dx, acc_t<T>* sum, int64_t count, bool streams) {
  using A = acc_t<T>;
  for_tiles(count, [=](int64_t i, auto width) {
    const Tile<T> gradient(dy + i, width), value(x + i, width);
#pragma omp simd
    for (int k = 0; k < width; ++k) sum[i + k] += gradient[k] * value[k];
    if (!streams) return map_tile(dx + i, width, Times{}, gradient, Tile<A>(factor + i, width));
    alignas(64) T rounded[kTile];
    map_tile(rounded, width, Times{}, gradient, Tile<A>(factor + i, width));
    stream_out(dx + i, rounded, width * static_cast<int64_t>(sizeof(T)));
  });
}

// The rows of one share, `width` elements each: one of the array's rows, or several short ones side by side.
template <class T, class U>
void backward_rows(const T* dy, const T* x, const U* s, T* dx, double* sums, int64_t rows, int64_t width, int64_t channels,
                   bool streams) {
  using A = acc_t<T>;
  A sum[kRowStrip], factor[kRowStrip];
  for (int64_t row = 0; row < rows; row += kShortSum) {
    const int64_t end = smaller(row + kShortSum, rows);
    for (int64_t strip = 0; strip < width; strip += kRowStrip) {  // more than one in long rows alone
      const int64_t count = smaller(kRowStrip, width - strip), length = smaller(channels, count);
      for (int64_t i = 0; i < count; ++i) sum[i] = 0;
      for (int64_t first = 0; first < count; first += length) {
        for (int64_t c = 0; c < length; ++c) factor[first + c] = static_cast<A>(s[strip + c]);
      }
      for (int64_t r = row; r < end; ++r) {
        const int64_t at = r * width + strip;
        backward_strip(dy + at, x + at, factor, dx + at, sum, count, streams);
      }
      for (int64_t first = 0; first < count; first += length) {
        for (int64_t c = 0; c < length; ++c) sums[strip + c] += sum[first + c];
      }
    }
  }
}

}  // namespace

template <class T> void channel_scale_forward(Cpu, const T* x, const T* s, T* y, const RowsShape& shape) {
  const int64_t channels = shape.channels, rows = shape.rows;
  parallel_fill(y, shape.batch * rows * channels, 1, [=](T* place, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end;) {  // to the end of a row, then row by row
      const int64_t row = i / channels, c = i % channels, count = smaller(channels - c, end - i);
      const T* factor = s + row / rows * channels + c;
      simd_map(place + (i - begin), count, Times{}, x + i, factor);
      i += count;
    }
  });
}

size_t channel_scale_workspace_bytes(Cpu cpu, const RowsShape& shape) { return sum_rows_workspace_bytes(cpu, shape); }

template <class T, class U>
void channel_scale_backward(Cpu cpu, const T* dy, const T* x, const U* s, T* dx, U* ds, const RowsShape& shape, void* workspace) {
  if constexpr (std::is_same_v<T, U>) {
    if (!ds) return dx ? channel_scale_forward(cpu, dy, s, dx, shape) : void();
    if (!dx) return sum_rows_of_products(cpu, dy, x, ds, shape, 1, workspace);
  }
  const int64_t channels = shape.channels, size = shape.batch * shape.rows * channels;
  if (shape.batch * channels == 0) return;
  double* const partial = static_cast<double*>(workspace);
  const int64_t together = larger<int64_t>(kRowStrip / channels, 1);  // short rows, so that the inner loop is long
  const bool streams = size * static_cast<int64_t>(sizeof(T)) >= kStreamBytes && channels % kSimd<acc_t<T>> == 0 &&
                       reinterpret_cast<uintptr_t>(dx) % kSimdBytes == 0;
  sum_shares(shape, partial, [=](int64_t item, int64_t offset, int64_t rows, double* sums) {
    const int64_t whole = rows / together, done = offset + whole * together * channels;
    const U* factor = s + item * channels;
    backward_rows(dy + offset, x + offset, factor, dx + offset, sums, whole, together * channels, channels, streams);
    backward_rows(dy + done, x + done, factor, dx + done, sums, rows - whole * together, channels, channels, streams);
    finish_streaming();
  });
  join_shares<acc_t<T>>(shape, partial, ds, 1);
}

CUDENZA_CHANNEL_SCALE(Cpu)

}  // namespace cudenza::kernels
