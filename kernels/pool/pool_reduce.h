/// A pool's way forward on the CPU: what a window's pixels come to, a register of channels at a time.
#pragma once
#include "kernels/pool/pool_math.h"
#include "kernels/simd/fetch_ahead.h"
#include "kernels/simd/simd_pair.h"

namespace cudenza::kernels {

/// So many channels are reduced together at most.
constexpr int kManyLanes = 1024;

/// The pixels of one window.
template <class T> struct WindowView {
  const T* first;
  int64_t row_stride, pixel_stride;
  int height, width, position_stride;  ///< positions of neighbouring rows lie so far apart
  bool large;                          ///< read pixel by pixel, many channels at a time
  int64_t ahead;  ///< a large window asks for memory so far after a pixel; 0: its pixels follow each other closely
};

/// Where a window's results belong.
template <class T, class Winner> struct WindowResult {
  T* y;
  Winner* winner;  ///< or null
  acc_t<T> scale;
  bool streams;  ///< past the cache
};

/// kLanes channels of a window, or the first `lanes` of them.
template <class Reduce, class T, class Winner> struct ReduceRegister {
  using A = acc_t<T>;
  static constexpr int kLanes = kSimd<A>;
  using Index = mask_t<A>;
  Simd<A> value;
  Simd<Index> where;

  template <class Lanes> void start(const T* x, Lanes lanes) {
    value = Reduce::first(simd_load(x, lanes)), where = Simd<Index>{};
  }
  template <class Lanes> void take(const T* x, Simd<Index> position, Lanes lanes) {
    Reduce::take(simd_load(x, lanes), position, value, where);
  }
  bool good() const { return true; }

  template <class Lanes> void store(const WindowResult<T, Winner>& to, int64_t c, Lanes lanes) const {
    const Simd<A> result = Reduce::result(value, to.scale);
    if (std::is_same_v<T, A> && to.streams) simd_stream_register(to.y + c, result);
    else simd_store(to.y + c, result, lanes);
    if (!Reduce::kHasWinner || !to.winner) return;
    if constexpr (!std::is_same_v<Lanes, int>) return simd_narrow<A>(to.winner + c, where);
    Winner elements[kLanes];
    simd_narrow<A>(elements, where);
    for (int k = 0; k < static_cast<int>(lanes); ++k) to.winner[c + k] = elements[k];
  }
};

/// kRegisters of channels from c on, through all pixels at once. False, and nothing is written, if Register cannot do them.
template <class Register, int kRegisters, class T, class Winner, class Lanes>
[[gnu::always_inline]] inline bool reduce_few(const WindowView<T>& view, const WindowResult<T, Winner>& to, int64_t c,
                                              Lanes lanes) {
  Register reduces[kRegisters];
  const T* row = view.first + c;
  for (int r = 0; r < kRegisters; ++r) reduces[r].start(row + r * Register::kLanes, lanes);
  for (int p = 0, q = 1; p < view.height; ++p, q = 0, row += view.row_stride) {
    const T* pixel = row + q * view.pixel_stride;
    const int first = p * view.position_stride + q;
    auto position = simd_all(static_cast<typename Register::Index>(first));
    for (; q < view.width; ++q, pixel += view.pixel_stride, position += 1) {
      for (int r = 0; r < kRegisters; ++r) reduces[r].take(pixel + r * Register::kLanes, position, lanes);
    }
  }
  for (int r = 0; r < kRegisters; ++r)
    if (!reduces[r].good()) return false;
  for (int r = 0; r < kRegisters; ++r) reduces[r].store(to, c + r * Register::kLanes, lanes);
  return true;
}

/// The same for some registers, at most kManyLanes channels, that wait in memory, so that memory is read in long runs: a few
/// pixels at a time, but one by one where the CPU sees by itself what is read next.
template <class Register, class T, class Winner>
bool reduce_many(const WindowView<T>& view, const WindowResult<T, Winner>& to, int64_t c, int registers) {
  constexpr std::integral_constant<int, Register::kLanes> kWhole;
  const int most = view.ahead > 0 ? 4 : 1;
  Register reduces[kManyLanes / Register::kLanes];
  const T* row = view.first + c;
  for (int r = 0; r < registers; ++r) reduces[r].start(row + r * kWhole, kWhole);
  for (int p = 0, q = 1; p < view.height; ++p, q = 0, row += view.row_stride) {
    for (; q < view.width; q += most) {
      const int pixels = smaller(most, view.width - q);
      for (int r = 0; r < registers; ++r) {
        Register reduce = reduces[r];
        const T* pixel = row + q * view.pixel_stride + r * kWhole;
        const int first = p * view.position_stride + q;
        auto position = simd_all(static_cast<typename Register::Index>(first));
        for (int k = 0; k < pixels; ++k, pixel += view.pixel_stride, position += 1) {
          if (view.ahead > 0) fetch_ahead(pixel + view.ahead, kWhole * static_cast<int64_t>(sizeof(T)));
          reduce.take(pixel, position, kWhole);
        }
        reduces[r] = reduce;
      }
    }
  }
  for (int r = 0; r < registers; ++r)
    if (!reduces[r].good()) return false;
  for (int r = 0; r < registers; ++r) reduces[r].store(to, c + r * kWhole, kWhole);
  return true;
}

/// Reduces whole registers of channels from c on and returns where it stopped: before what is no whole register, or before the
/// registers among which is one that Register cannot do.
template <class Register, int kFew, class T, class Winner>
[[gnu::always_inline]] inline int reduce_registers(const WindowView<T>& view, const WindowResult<T, Winner>& to, int c,
                                                   int channels) {
  constexpr int kLanes = Register::kLanes;
  constexpr std::integral_constant<int, kLanes> kWhole;
  if (view.large && channels - c > kFew * kLanes) {
    const int registers = (channels - c) / kLanes;
    if (!reduce_many<Register>(view, to, c, registers)) return c;
    c += registers * kLanes;
  }
  for (; c + kFew * kLanes <= channels; c += kFew * kLanes)
    if (!reduce_few<Register, kFew>(view, to, c, kWhole)) return c;
  for (; c + kLanes <= channels; c += kLanes)
    if (!reduce_few<Register, 1>(view, to, c, kWhole)) return c;
  return c;
}

/// The channels that are left.
template <class Reduce, class T, class Winner>
[[gnu::noinline]] void reduce_rest(const WindowView<T>& view, const WindowResult<T, Winner>& to, int c, int channels) {
  using Register = ReduceRegister<Reduce, T, Winner>;
  c = reduce_registers<Register, 4>(view, to, c, channels);
  if (c < channels) reduce_few<Register, 1>(view, to, c, channels - c);
}

}  // namespace cudenza::kernels
