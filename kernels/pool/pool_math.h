/// Which inputs a window holds, which windows hold an input, and what is done with them: shared by the CPU loops and the kernel.
#pragma once
#include <limits>

#include "kernels/common/extents.h"
#include "kernels/common/float16.h"
#include "kernels/common/host_device.h"
#include "kernels/pool/pool.h"

namespace cudenza::kernels {

/// begin <= k < end.
struct Span {
  int begin, end;
  HOST_DEVICE int length() const { return end - begin; }
  HOST_DEVICE bool holds(int k) const { return begin <= k && k < end; }
};

/// The inputs that output `out` sees.
HOST_DEVICE Span window(const StridedSide& s, int out) {
  const int first = out * s.stride - s.pad;
  return {larger(first, 0), smaller(first + s.kernel, s.size)};
}
HOST_DEVICE Span window(const AdaptiveSide& s, int out) { return {out * s.size / s.out, ceil_div((out + 1) * s.size, s.out)}; }

/// The outputs that see input `in`: i*stride - pad <= in < i*stride - pad + kernel, solved for i.
HOST_DEVICE Span covering(const StridedSide& s, int in) {
  const int reach = in + s.pad;
  return {reach < s.kernel ? 0 : (reach - s.kernel) / s.stride + 1, smaller(reach / s.stride + 1, s.out)};
}
/// The same for i*size < (in+1)*out and in*out < (i+1)*size: a window's formula with the two sides exchanged.
HOST_DEVICE Span covering(const AdaptiveSide& s, int in) { return {in * s.out / s.size, ceil_div((in + 1) * s.out, s.size)}; }

/// How many inputs an average over window(s, out) divides by.
HOST_DEVICE int counted(const StridedSide& s, int out) {
  if (!s.count_pad) return window(s, out).length();
  const int first = out * s.stride - s.pad;
  return smaller(first + s.kernel, s.size + s.pad) - first;
}
HOST_DEVICE int counted(const AdaptiveSide& s, int out) { return window(s, out).length(); }

/// No window of the side is longer.
HOST_DEVICE int longest(const StridedSide& s) { return smaller(s.kernel, s.size); }
HOST_DEVICE int longest(const AdaptiveSide& s) { return s.size % s.out == 0 ? s.size / s.out : s.size / s.out + 2; }

template <class A, class Side> HOST_DEVICE A average_scale(const PoolShape<Side>& s, int i, int j) {
  return A(1) / (static_cast<A>(counted(s.rows, i)) * static_cast<A>(counted(s.columns, j)));
}

/// The first element of pixel (row, column) of picture n in an [n, rows, columns, channels] array.
HOST_DEVICE int64_t pixel_offset(int n, int row, int column, int rows, int columns, int channels) {
  return ((static_cast<int64_t>(n) * rows + row) * columns + column) * channels;
}

// Reductions and gradients serve single numbers (V is A, Index is int) and the CPU's vectors of them (Simd<A> and SimdMask<A>).

/// The running maximum and where it was. Taking a later run's maximum merges the two runs: ties keep the earlier.
struct MaxReduce {
  static constexpr bool kHasWinner = true;
  template <class A> HOST_DEVICE static A initial() { return -std::numeric_limits<A>::infinity(); }
  /// What take() makes of `initial` and the pixel at position 0; its winner is 0.
  template <class V> HOST_DEVICE static V first(V x) { return x; }
  template <class V, class Index> HOST_DEVICE static void take(V x, Index position, V& value, Index& winner) {
    const auto wins = (x > value) | (x != x);
    value = wins ? x : value;
    winner = wins ? position : winner;
  }
  template <class V, class A> HOST_DEVICE static V result(V value, A /*scale*/) { return value; }
};

/// The running sum; the result is scaled by 1 / counted.
struct AvgReduce {
  static constexpr bool kHasWinner = false;
  template <class A> HOST_DEVICE static A initial() { return A(0); }
  template <class V> HOST_DEVICE static V first(V x) { return V{} + x; }
  template <class V, class Index> HOST_DEVICE static void take(V x, Index /*position*/, V& value, Index& /*winner*/) {
    value += x;
  }
  template <class V, class A> HOST_DEVICE static V result(V value, A scale) { return value * scale; }
};

/// What one window passes back to one of its inputs.
struct MaxGrad {
  static constexpr bool kHasWinner = true;
  template <class V, class Index, class A> HOST_DEVICE static V of(V dy, Index winner, Index position, A /*scale*/) {
    return winner == position ? dy : V{};
  }
};
struct AvgGrad {
  static constexpr bool kHasWinner = false;
  template <class V, class Index, class A> HOST_DEVICE static V of(V dy, Index /*winner*/, Index /*position*/, A scale) {
    return dy * scale;
  }
};

}  // namespace cudenza::kernels
