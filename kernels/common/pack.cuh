/// Several neighbouring values moved by one load or store of up to 16 bytes: what a memory-bound kernel needs to reach
/// the memory's speed.
#pragma once
#include <cstdint>

#include "kernels/common/host_device.h"

namespace cudenza::kernels {

/// How many T fit one 16-byte access.
template <class T> constexpr int kPackSize = 16 / static_cast<int>(sizeof(T));

template <class T, int N = kPackSize<T>> struct alignas(sizeof(T) * N < 16 ? sizeof(T) * N : 16) Pack {
  T v[N];
  HOST_DEVICE T& operator[](int i) { return v[i]; }
  HOST_DEVICE const T& operator[](int i) const { return v[i]; }
};

/// REQUIRES p aligned to the pack: 16 bytes, or N * sizeof(T) if that is less.
template <int N, class T> HOST_DEVICE Pack<T, N> load_pack(const T* p) { return *reinterpret_cast<const Pack<T, N>*>(p); }

template <class T, int N> HOST_DEVICE void store_pack(T* p, const Pack<T, N>& pack) { *reinterpret_cast<Pack<T, N>*>(p) = pack; }

/// Whether packs of 16 bytes may be read at p (a launcher asks, and falls back to single elements if not).
HOST_DEVICE bool is_pack_aligned(const void* p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; }

}  // namespace cudenza::kernels
