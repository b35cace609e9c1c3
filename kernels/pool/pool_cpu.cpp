#include <type_traits>

#include "kernels/pool/pool_gather.h"
#include "kernels/pool/pool_instances.h"
#include "kernels/pool/pool_math.h"
#include "kernels/pool/pool_reduce_bf16.h"
#include "kernels/simd/simd.h"

namespace cudenza::kernels {
namespace {

/// Whether `pixels` of so many channels at p are written past the cache.
template <class T> bool can_stream(const T* p, int64_t pixels, int channels) {
  return rows_stream(p, pixels, channels * static_cast<int64_t>(sizeof(T)), kSimdBytes);
}

/// Windows of at least so many pixels are large (pool_reduce.h).
constexpr int kLargeWindow = 25;
/// How far ahead a large window asks for memory, if its pixels have at least kLongRun bytes. A row of small windows asks for what
/// the next row adds, if that is no more than a part of the second-level cache.
constexpr int64_t kAheadBytes = 32 << 10, kLongRun = 1 << 10, kAheadMost = 256 << 10;

template <class Reduce, class T, class Winner>
[[gnu::always_inline]] inline void reduce_window(const WindowView<T>& view, const WindowResult<T, Winner>& to, int channels) {
  int done = 0;
  if constexpr (std::is_same_v<T, bf16> && std::is_same_v<Winner, uint8_t>)
    done = reduce_registers<Bf16Register<Reduce>, 2>(view, to, 0, channels);
  else done = reduce_registers<ReduceRegister<Reduce, T, Winner>, 4>(view, to, 0, channels);
  if (done < channels) reduce_rest<Reduce>(view, to, done, channels);
}

template <class Reduce, class T, class Winner, class Side>
void forward(const T* x, T* y, Winner* winner, const PoolShape<Side>& s) {
  using A = acc_t<T>;
  const int64_t rows = static_cast<int64_t>(s.batch) * s.rows.out, pixels = longest(s.rows) * longest(s.columns);
  const int pieces = ceil_div(s.channels, kManyLanes);
  const bool large = pixels >= kLargeWindow, streams = can_stream(y, rows * s.columns.out, s.channels);
  const int64_t input_row = static_cast<int64_t>(s.columns.size) * s.channels;
  parallel_ranges(rows * pieces, s.columns.out * pixels * smaller(s.channels, kManyLanes), [=](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {  // a row of windows, some channels
      const int n = static_cast<int>(unit / pieces / s.rows.out), i = static_cast<int>(unit / pieces % s.rows.out);
      const int first = static_cast<int>(unit % pieces) * kManyLanes, lanes = smaller(kManyLanes, s.channels - first);
      const int64_t run = lanes * static_cast<int64_t>(sizeof(T));
      const Span down = window(s.rows, i);
      const int next_end = i + 1 < s.rows.out ? window(s.rows, i + 1).end : s.rows.size + window(s.rows, 0).end;
      const int64_t next = (next_end - down.end) * input_row * static_cast<int64_t>(sizeof(T)),
                    share = large || next > kAheadMost ? 0 : next / (s.columns.out * pieces);
      const char* soon = reinterpret_cast<const char*>(x + (static_cast<int64_t>(n) * s.rows.size + down.end) * input_row);
      soon += unit % pieces * s.columns.out * share;
      int64_t out = pixel_offset(n, i, 0, s.rows.out, s.columns.out, s.channels) + first;
      for (int j = 0; j < s.columns.out; ++j, out += s.channels, soon += share) {
        const Span along = window(s.columns, j);
        const WindowView<T> view{
            .first = x + pixel_offset(n, down.begin, along.begin, s.rows.size, s.columns.size, s.channels) + first,
            .row_stride = input_row,
            .pixel_stride = s.channels,
            .height = down.length(),
            .width = along.length(),
            .position_stride = longest(s.columns),
            .large = large,
            .ahead = large && run >= kLongRun ? kAheadBytes / run * s.channels : 0};
        const WindowResult<T, Winner> to{.y = y + out,
                                         .winner = winner ? winner + out : nullptr,
                                         .scale = Reduce::kHasWinner ? A(1) : average_scale<A>(s, i, j),
                                         .streams = streams};
        fetch_ahead(soon, share);
        reduce_window<Reduce>(view, to, lanes);
      }
    }
    finish_streaming();
  });
}

/// Inputs of one row, from `first` to `last`, and the rows of windows over them.
template <class T, class Winner, class Side> struct LineView {
  const PoolShape<Side>& shape;
  const T* dy;  // of picture n
  const Winner* winner;
  const Cover* rows;
  int row_count;
  const Covers<Side>& columns;
  int first, last;

  WindowRow<T, Winner> row(int a) const {
    const int64_t at = pixel_offset(0, rows[a].window, 0, shape.rows.out, shape.columns.out, shape.channels);
    return {.dy = dy + at,
            .winner = winner ? winner + at : nullptr,
            .position = rows[a].place * longest(shape.columns),
            .counted = counted(shape.rows, rows[a].window)};
  }
};

/// Any number of windows: sums in an array, many channels at a time.
template <class Grad, class T, class Winner, class Side> void gather_many(const LineView<T, Winner, Side>& line, int q, T* dx) {
  using A = acc_t<T>;
  const PoolShape<Side>& s = line.shape;
  for (int first = 0; first < s.channels; first += kManyLanes) {
    const int lanes = smaller(kManyLanes, s.channels - first);
    A sum[kManyLanes];
    for (int c = 0; c < lanes; ++c) sum[c] = 0;
    for (int a = 0; a < line.row_count; ++a) {
      const auto row = line.row(a);
      for (int b = 0; b < line.columns.count(q); ++b) {
        const auto [window, place] = line.columns.begin(q)[b];
        const int64_t at = static_cast<int64_t>(window) * s.channels + first;
        const Winner* const winner = Grad::kHasWinner ? row.winner + at : nullptr;
        const A scale = Grad::kHasWinner ? A(1) : average_scale<A>(s, line.rows[a].window, window);
        const int position = row.position + place;
#pragma omp simd
        for (int c = 0; c < lanes; ++c)
          sum[c] += Grad::of(static_cast<A>(row.dy[at + c]), Grad::kHasWinner ? static_cast<int>(winner[c]) : 0, position, scale);
      }
    }
#pragma omp simd
    for (int c = 0; c < lanes; ++c) dx[first + c] = sum[c];
  }
}

/// Where kRows rows of windows see the inputs.
template <class Grad, int kRows, class T, class Winner, class Side>
void gather_line(const LineView<T, Winner, Side>& line, T* dx, bool streams) {
  WindowRow<T, Winner> rows[kRows];
  for (int a = 0; a < kRows; ++a) rows[a] = line.row(a);
  for (int q = line.first; q < line.last; ++q, dx += line.shape.channels) {
    const int count = line.columns.count(q);
    if (count == 1) gather_few<Grad, kRows, 1>(rows, line.columns.begin(q), line.shape, dx, streams);
    else if (count == 2) gather_few<Grad, kRows, 2>(rows, line.columns.begin(q), line.shape, dx, streams);
    else gather_many<Grad>(line, q, dx);
  }
}

template <class Grad, class T, class Winner, class Side> void gather(const LineView<T, Winner, Side>& line, T* dx, bool streams) {
  if (line.row_count == 1) return gather_line<Grad, 1>(line, dx, streams);
  if (line.row_count == 2) return gather_line<Grad, 2>(line, dx, streams);
  for (int q = line.first; q < line.last; ++q, dx += line.shape.channels) gather_many<Grad>(line, q, dx);
}

template <class Grad, class T, class Winner, class Side>
void backward(const T* dy, const Winner* winner, T* dx, const PoolShape<Side>& s) {
  const int width = smaller(s.columns.size, larger(1, 4096 / larger(s.channels, 1))), pieces = ceil_div(s.columns.size, width);
  const int64_t lines = static_cast<int64_t>(s.batch) * s.rows.size,
                picture = pixel_offset(1, 0, 0, s.rows.out, s.columns.out, s.channels);
  const bool streams = can_stream(dx, lines * s.columns.size, s.channels);
  const Covers rows(s.rows), columns(s.columns);
  parallel_ranges(lines * pieces, static_cast<int64_t>(width) * s.channels, [&, dy, winner, dx](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t n = unit / pieces / s.rows.size;
      const int p = static_cast<int>(unit / pieces % s.rows.size), first = static_cast<int>(unit % pieces) * width;
      const LineView<T, Winner, Side> line{.shape = s,
                                           .dy = dy + n * picture,
                                           .winner = winner ? winner + n * picture : nullptr,
                                           .rows = rows.begin(p),
                                           .row_count = rows.count(p),
                                           .columns = columns,
                                           .first = first,
                                           .last = smaller(first + width, s.columns.size)};
      gather<Grad>(line, dx + pixel_offset(static_cast<int>(n), p, first, s.rows.size, s.columns.size, s.channels), streams);
    }
    finish_streaming();
  });
}

}  // namespace

template <class T, class Winner, class Side>
void max_pool_forward(Cpu, const T* x, T* y, Winner* winner, const PoolShape<Side>& s) {
  forward<MaxReduce>(x, y, winner, s);
}

template <class T, class Side> void avg_pool_forward(Cpu, const T* x, T* y, const PoolShape<Side>& s) {
  forward<AvgReduce>(x, y, static_cast<uint8_t*>(nullptr), s);
}

template <class T, class Winner, class Side>
void max_pool_backward(Cpu, const T* dy, const Winner* winner, T* dx, const PoolShape<Side>& s) {
  backward<MaxGrad>(dy, winner, dx, s);
}

template <class T, class Side> void avg_pool_backward(Cpu, const T* dy, T* dx, const PoolShape<Side>& s) {
  backward<AvgGrad>(dy, static_cast<const uint8_t*>(nullptr), dx, s);
}

template <class Side> bool winner_fits_byte(const PoolShape<Side>& s) {
  return static_cast<int64_t>(longest(s.rows)) * longest(s.columns) <= 256;
}
template bool winner_fits_byte(const PoolShape<StridedSide>&);
template bool winner_fits_byte(const PoolShape<AdaptiveSide>&);

CUDENZA_POOL(Cpu, float)
CUDENZA_POOL(Cpu, bf16)
CUDENZA_POOL(Cpu, f16)

}  // namespace cudenza::kernels
