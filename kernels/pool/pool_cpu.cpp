#include <algorithm>
#include <type_traits>
#include <vector>

#include "kernels/common/simd.h"
#include "kernels/pool/pool_instances.h"
#include "kernels/pool/pool_math.h"

namespace cudenza::kernels {
namespace {

/// Windows of fewer pixels are folded in registers, a few channels at a time; larger ones in arrays, many channels at a time,
/// so that memory is read in long runs.
constexpr int kLargeWindow = 25, kManyLanes = 1024;

template <class A, class Winner, class Lanes> SimdMask<A> load_winner(const Winner* winner, Lanes lanes) {
  if constexpr (!std::is_same_v<Lanes, int>) return simd_widened<A>(winner);
  Winner elements[kSimd<A>] = {};
  std::copy_n(winner, static_cast<int>(lanes), elements);
  return simd_widened<A>(elements);
}

template <class A, class Winner, class Lanes> void store_winner(Winner* winner, SimdMask<A> where, Lanes lanes) {
  if constexpr (!std::is_same_v<Lanes, int>) return simd_narrow<A>(winner, where);
  Winner elements[kSimd<A>];
  simd_narrow<A>(elements, where);
  std::copy_n(elements, static_cast<int>(lanes), winner);
}

/// The pixels of one window, for some channels.
template <class T> struct WindowView {
  const T* first;
  int64_t row_stride, pixel_stride;
  int height, width, position_stride;  // positions of neighbouring rows lie so far apart
};

/// Folds `lanes` channels, at most kManyLanes, into y and winner.
template <class Fold, class T, class Winner>
void fold_many(const WindowView<T>& view, T* y, Winner* winner, acc_t<T> scale, int lanes) {
  using A = acc_t<T>;
  A value[kManyLanes];
  mask_t<A> where[kManyLanes];
  for (int c = 0; c < lanes; ++c) value[c] = Fold::template initial<A>(), where[c] = 0;
  for (int p = 0; p < view.height; ++p) {
    for (int q = 0; q < view.width; ++q) {
      const T* pixel = view.first + p * view.row_stride + q * view.pixel_stride;
      const mask_t<A> position = p * view.position_stride + q;
#pragma omp simd
      for (int c = 0; c < lanes; ++c) Fold::take(static_cast<A>(pixel[c]), position, value[c], where[c]);
    }
  }
#pragma omp simd
  for (int c = 0; c < lanes; ++c) y[c] = Fold::result(value[c], scale);
  if (!Fold::kHasWinner || !winner) return;
#pragma omp simd
  for (int c = 0; c < lanes; ++c) winner[c] = static_cast<Winner>(where[c]);
}

/// The same in registers.
template <class Fold, class T, class Winner>
void fold_few(const WindowView<T>& view, T* y, Winner* winner, acc_t<T> scale, int channels) {
  using A = acc_t<T>;
  simd_for_fours<A>(channels, [=](int64_t c, auto registers, auto lanes) {
    Simd<A> value[registers];
    SimdMask<A> where[registers];
    for (int r = 0; r < registers; ++r) value[r] = simd_all(Fold::template initial<A>()), where[r] = SimdMask<A>{};
    for (int p = 0; p < view.height; ++p) {
      const T* pixel = view.first + p * view.row_stride + c;
      SimdMask<A> position = SimdMask<A>{} + p * view.position_stride;
      for (int q = 0; q < view.width; ++q, pixel += view.pixel_stride, position += 1) {
        for (int r = 0; r < registers; ++r) Fold::take(simd_load(pixel + r * kSimd<A>, lanes), position, value[r], where[r]);
      }
    }
    for (int r = 0; r < registers; ++r) {
      simd_store(y + c + r * kSimd<A>, Fold::result(value[r], scale), lanes);
      if (Fold::kHasWinner && winner) store_winner<A>(winner + c + r * kSimd<A>, where[r], lanes);
    }
  });
}

template <class Fold, class T, class Winner, class Side>
void forward(const T* x, T* y, Winner* winner, const PoolShape<Side>& s) {
  using A = acc_t<T>;
  const int64_t rows = static_cast<int64_t>(s.batch) * s.rows.out, pixels = longest(s.rows) * longest(s.columns);
  const int pieces = ceil_div(s.channels, kManyLanes);
  parallel_ranges(rows * pieces, s.columns.out * pixels * smaller(s.channels, kManyLanes), [=](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {  // a row of windows, some channels
      const int n = static_cast<int>(unit / pieces / s.rows.out), i = static_cast<int>(unit / pieces % s.rows.out);
      const int first = static_cast<int>(unit % pieces) * kManyLanes, lanes = smaller(kManyLanes, s.channels - first);
      const Span down = window(s.rows, i);
      int64_t out = pixel_offset(n, i, 0, s.rows.out, s.columns.out, s.channels) + first;
      for (int j = 0; j < s.columns.out; ++j, out += s.channels) {
        const Span along = window(s.columns, j);
        const WindowView<T> view{
            .first = x + pixel_offset(n, down.begin, along.begin, s.rows.size, s.columns.size, s.channels) + first,
            .row_stride = static_cast<int64_t>(s.columns.size) * s.channels,
            .pixel_stride = s.channels,
            .height = down.length(),
            .width = along.length(),
            .position_stride = longest(s.columns)};
        const A scale = Fold::kHasWinner ? A(1) : average_scale<A>(s, i, j);
        Winner* won = winner ? winner + out : nullptr;
        if (pixels < kLargeWindow) fold_few<Fold>(view, y + out, won, scale, lanes);
        else fold_many<Fold>(view, y + out, won, scale, lanes);
      }
    }
  });
}

/// The windows over one input, for all its channels.
template <class T, class Winner, class Side> struct CoverView {
  const PoolShape<Side>& shape;
  const Span* windows;  // of the columns
  int p, q;             // the input
  Span rows, columns;   // its windows
  const T* dy;          // of picture n
  const Winner* winner;
};

/// Calls write(channel, sum, lanes) with what the windows pass back, added up in registers.
template <class Grad, class T, class Winner, class Side, class Write>
[[gnu::always_inline]] inline void gather(const CoverView<T, Winner, Side>& view, Write write) {
  using A = acc_t<T>;
  const PoolShape<Side>& s = view.shape;
  simd_for_fours<A>(s.channels, [=, &s](int64_t c, auto registers, auto lanes) {
    Simd<A> sum[registers];
    for (int r = 0; r < registers; ++r) sum[r] = Simd<A>{};
    for (int i = view.rows.begin; i < view.rows.end; ++i) {
      const int row_position = (view.p - window(s.rows, i).begin) * longest(s.columns) + view.q;
      int64_t at = (static_cast<int64_t>(i) * s.columns.out + view.columns.begin) * s.channels + c;
      for (int j = view.columns.begin; j < view.columns.end; ++j, at += s.channels) {
        const SimdMask<A> position = SimdMask<A>{} + (row_position - view.windows[j].begin);
        const A scale = Grad::kHasWinner ? A(1) : average_scale<A>(s, i, j);
        for (int r = 0; r < registers; ++r) {
          SimdMask<A> won{};
          if constexpr (Grad::kHasWinner) won = load_winner<A>(view.winner + at + r * kSimd<A>, lanes);
          sum[r] += Grad::of(simd_load(view.dy + at + r * kSimd<A>, lanes), won, position, scale);
        }
      }
    }
    for (int r = 0; r < registers; ++r) write(c + r * kSimd<A>, sum[r], lanes);
  });
}

template <class Grad, class T, class Winner, class Side>
void backward(const T* dy, const Winner* winner, T* dx, const PoolShape<Side>& s) {
  using A = acc_t<T>;
  const int width = smaller(s.columns.size, larger(1, 4096 / larger(s.channels, 1))), pieces = ceil_div(s.columns.size, width);
  const int64_t rows = static_cast<int64_t>(s.batch) * s.rows.size,
                picture = pixel_offset(1, 0, 0, s.rows.out, s.columns.out, s.channels);
  const bool streams = rows * s.columns.size * s.channels * static_cast<int64_t>(sizeof(T)) >= kStreamBytes &&
                       s.channels % kSimd<A> == 0 && reinterpret_cast<uintptr_t>(dx) % kSimdBytes == 0;
  std::vector<Span> windows, covers;  // of the columns: the divisions cost more than a pixel
  for (int j = 0; j < s.columns.out; ++j) windows.push_back(window(s.columns, j));
  for (int q = 0; q < s.columns.size; ++q) covers.push_back(covering(s.columns, q));
  parallel_ranges(rows * pieces, static_cast<int64_t>(width) * s.channels, [&, dy, winner, dx](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {  // inputs of one row
      const int64_t n = unit / pieces / s.rows.size;
      const int p = static_cast<int>(unit / pieces % s.rows.size), first = static_cast<int>(unit % pieces) * width;
      CoverView<T, Winner, Side> view{
          s, windows.data(), p, 0, covering(s.rows, p), {}, dy + n * picture, winner ? winner + n * picture : nullptr};
      for (view.q = first; view.q < smaller(first + width, s.columns.size); ++view.q) {
        view.columns = covers[view.q];
        T* const to = dx + pixel_offset(static_cast<int>(n), p, view.q, s.rows.size, s.columns.size, s.channels);
        gather<Grad>(view, [=](int64_t c, Simd<A> sum, auto lanes) {
          if (streams) simd_stream(to + c, sum);
          else simd_store(to + c, sum, lanes);
        });
      }
    }
    finish_streaming();
  });
}

}  // namespace

template <class T, class Winner, class Side>
void max_pool_forward(Cpu, const T* x, T* y, Winner* winner, void*, const PoolShape<Side>& s) {
  forward<MaxFold>(x, y, winner, s);
}

template <class T, class Side> void avg_pool_forward(Cpu, const T* x, T* y, void*, const PoolShape<Side>& s) {
  forward<AvgFold>(x, y, static_cast<uint8_t*>(nullptr), s);
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

template <class Side> size_t pool_workspace_bytes(const PoolShape<Side>& s) {
  const int slices = pool_slices(s);
  const int64_t outputs = static_cast<int64_t>(s.batch) * s.rows.out * s.columns.out * s.channels;
  return slices <= 1 ? 0 : static_cast<size_t>(slices * outputs) * (sizeof(float) + sizeof(int));
}
template size_t pool_workspace_bytes(const PoolShape<StridedSide>&);
template size_t pool_workspace_bytes(const PoolShape<AdaptiveSide>&);

CUDENZA_POOL(Cpu, float)
CUDENZA_POOL(Cpu, bf16)
CUDENZA_POOL(Cpu, f16)
CUDENZA_POOL(Cpu, double)

}  // namespace cudenza::kernels
