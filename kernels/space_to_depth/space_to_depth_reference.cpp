#include "kernels/space_to_depth/space_to_depth.h"

namespace cudenza::kernels {
namespace {

/// Calls f(place in y, place in x) for every channel of y; the place in x is -1 where there is none.
template <class F> void for_places(const DepthShape& s, F f) {
  for (int64_t at = 0; at < s.out_blocks() * s.out_channels(); ++at) {
    const int64_t channel = at % s.out_channels(), block = at / s.out_channels();
    const int64_t j = block % s.out_width, i = block / s.out_width % s.out_height, n = block / (s.out_width * s.out_height);
    const int64_t c = channel % s.channels, b = channel / s.channels % s.block, a = channel / (s.channels * s.block);
    const int64_t row = i * s.block + a - s.offset, column = j * s.block + b - s.offset;
    const bool inside = a < s.block && row >= 0 && row < s.height && column >= 0 && column < s.width;
    f(at, inside ? ((n * s.height + row) * s.width + column) * s.channels + c : -1);
  }
}

}  // namespace

template <class T> void space_to_depth(Reference, const DepthShape& shape, const T* x, T* y) {
  for_places(shape, [=](int64_t to, int64_t from) { y[to] = from >= 0 ? x[from] : T(0.0f); });
}

template <class T> void depth_to_space(Reference, const DepthShape& shape, const T* y, T* x) {
  for_places(shape, [=](int64_t from, int64_t to) {
    if (to >= 0) x[to] = y[from];
  });
}

#define CUDENZA_DEPTH(T)                                                    \
  template void space_to_depth(Reference, const DepthShape&, const T*, T*); \
  template void depth_to_space(Reference, const DepthShape&, const T*, T*);
CUDENZA_DEPTH(float)
CUDENZA_DEPTH(double)
CUDENZA_DEPTH(bf16)
CUDENZA_DEPTH(f16)

}  // namespace cudenza::kernels
