/// What the mel kernels share: samples in pairs, powers, and the filters' sums.
#pragma once
#include "kernels/common/pack.cuh"
#include "kernels/fft/fft_math.h"
#include "kernels/mel/mel_math.h"

namespace cudenza::kernels {

/// Whether samples begin … end - 1 of a clip all exist, with pairs from `begin` on that may be read as one: a frame that
/// needs no mirror, for which half the loads do and all indices are 32 bits.
template <class X> __device__ inline bool reads_plainly(const X* clip, int64_t begin, int64_t end, int64_t samples) {
  return begin >= 0 && end <= samples && reinterpret_cast<uintptr_t>(clip + begin) % sizeof(Pack<X, 2>) == 0;
}

/// Samples i and i + 1 of a mirrored clip.
template <class X> __device__ inline Pack<X, 2> mirrored_pair(const X* clip, int64_t i, int64_t samples) {
  return {clip[reflected(i, samples)], clip[reflected(i + 1, samples)]};
}

/// Samples 2m and 2m + 1 of a frame, mapped and windowed: one complex point.
template <class X>
__device__ inline Complex<float> windowed(const Pack<X, 2>& pair, const Affine<float>& map, const float* window, int m) {
  const Pack<float, 2> w = load_pack<2>(window + 2 * m);
  return {(static_cast<float>(pair[0]) * map.scale + map.shift) * w[0],
          (static_cast<float>(pair[1]) * map.scale + map.shift) * w[1]};
}

/// A frame's powers in shared memory, with zeros as far as the last group of a filter may reach.
HOST_DEVICE constexpr int power_floats(int bins) { return (bins + kMelGroup - 1) / kMelGroup * kMelGroup; }

/// store(b, decibels of filter b's sum over `power`) for this thread's bands: of each round of `slots` bands, one. Wide
/// filters lie behind narrow ones, so every second round runs backwards: all threads get about the same work.
/// `power` is aligned to 16 bytes.
template <class Store>
__device__ inline void mel_bands(const MelPlan<float>& plan, const float* power, int slot, int slots, Store store) {
  const MelFilters<float>& filters = plan.filters;
  for (int round = 0; round * slots < filters.bands; ++round) {
    const int b = round * slots + (round % 2 == 0 ? slot : slots - 1 - slot);
    if (b >= filters.bands) continue;
    const float* bins = power + filters.first[b];
    const float* weights = filters.weights + b * kMelGroup;
    float even = 0, odd = 0;  // two sums: one alone would wait for its own last addition
    for (int left = filters.count[b]; left > 0; left -= kMelGroup) {
      const Pack<float, kMelGroup> p = load_pack<kMelGroup>(bins), w = load_pack<kMelGroup>(weights);
      even += p[0] * w[0];
      odd += p[1] * w[1];
      even += p[2] * w[2];
      odd += p[3] * w[3];
      bins += kMelGroup;
      weights += filters.group_stride;
    }
    store(b, decibels(even + odd, plan.floor));
  }
}

}  // namespace cudenza::kernels
