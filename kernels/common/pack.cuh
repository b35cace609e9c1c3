/// Several neighbouring values moved by one load or store of up to 16 bytes: what a memory-bound kernel needs to reach
/// the memory's speed.
#pragma once
#include <cstdint>

#include "kernels/common/host_device.h"
#if defined(CUDENZA_SIMT)
#include "kernels/simt/simt.h"
#endif

namespace cudenza::kernels {

/// How many T fit one 16-byte access.
template <class T> constexpr int kPackSize = 16 / static_cast<int>(sizeof(T));

template <class T, int N = kPackSize<T>> struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) Pack {
  T v[N];
  HOST_DEVICE T& operator[](int i) { return v[i]; }
  HOST_DEVICE const T& operator[](int i) const { return v[i]; }
};

namespace detail {
#if defined(CUDENZA_SIMT)
// g++ would cut the copy into elements: whoever counts accesses is told of the whole.
template <class P> SIMT_UNTRACED __attribute__((noinline)) void copy_pack(P& to, const P& from) { to = from; }
#else
template <class P> HOST_DEVICE void copy_pack(P& to, const P& from) { to = from; }
#endif
}  // namespace detail

/// REQUIRES p aligned to the pack: 16 bytes, or N * sizeof(T) if that is less.
template <int N, class T> HOST_DEVICE Pack<T, N> load_pack(const T* p) {
  Pack<T, N> pack;
#if defined(CUDENZA_SIMT)
  simt::vector_access(p, sizeof pack, false);
#endif
  detail::copy_pack(pack, *reinterpret_cast<const Pack<T, N>*>(p));
  return pack;
}

template <class T, int N> HOST_DEVICE void store_pack(T* p, const Pack<T, N>& pack) {
#if defined(CUDENZA_SIMT)
  simt::vector_access(p, sizeof pack, true);
#endif
  detail::copy_pack(*reinterpret_cast<Pack<T, N>*>(p), pack);
}

/// Whether packs of 16 bytes may be read at p (a launcher asks, and falls back to single elements if not).
HOST_DEVICE bool is_pack_aligned(const void* p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; }

/// N numbers of a per-channel array; parameters that are slices of a flat buffer may stand anywhere.
template <int N, class A> HOST_DEVICE Pack<A, N> load_channels(const A* p) {
  if (is_pack_aligned(p)) return load_pack<N>(p);
  Pack<A, N> values;
  for (int c = 0; c < N; ++c) values[c] = p[c];
  return values;
}

}  // namespace cudenza::kernels
