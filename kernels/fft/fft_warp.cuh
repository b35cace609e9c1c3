/// A warp's transform: one frame of 1024 complex points in the registers of 32 threads.
///
/// 1024 = 32 · 32, and a lane that holds 32 points does a whole pass of radix 32 without asking anybody: two passes, one
/// exchange between them, no barrier beyond the warp's, and every index a constant of the unrolled code.
#pragma once
#include "kernels/common/pack.cuh"
#include "kernels/common/reduce.cuh"
#include "kernels/fft/fft_plan.h"

namespace cudenza::kernels {

static_assert(kWarpFftPoints == kWarpSize * kWarpSize);

/// Floats that the exchange needs: 32 rows of 32, each followed by a hole.
constexpr int kWarpFftBuffer = kWarpSize * (kWarpSize + 1);

/// x[i] of lane l <-> x[l] of lane i; `part` is the real or the imaginary one: half the memory of both at once. At word
/// 33 i + l, the writes of a row (l = 0 … 31) as well as the reads down a column (i = 0 … 31) use each of the 32 banks once.
__device__ inline void warp_transpose(Complex<float> (&x)[kWarpSize], float Complex<float>::*part, float* buffer, int lane) {
#pragma unroll
  for (int i = 0; i < kWarpSize; ++i) buffer[i * (kWarpSize + 1) + lane] = x[i].*part;
  __syncwarp();
#pragma unroll
  for (int l = 0; l < kWarpSize; ++l) x[l].*part = buffer[lane * (kWarpSize + 1) + l];
  __syncwarp();
}

/// One load of a complex number of a table, which is aligned to its 8 bytes.
__device__ inline Complex<float> load_complex(const Complex<float>* p) {
  const auto parts = load_pack<2>(&p->re);
  return {parts[0], parts[1]};
}

/// x[q] = point lane + 32 q  ->  x[s] = result lane + 32 s. All lanes of the warp must call it; `twiddles` are the plan's,
/// `buffer` is this warp's own and free again on return.
__device__ inline void warp_fft(Complex<float> (&x)[kWarpSize], const Complex<float>* twiddles, float* buffer, int lane) {
  dft<kWarpSize>(x);
#pragma unroll
  for (int p = 1; p < kWarpSize; ++p) x[p] = times(x[p], load_complex(twiddles + (p - 1) * kWarpSize + lane));
  warp_transpose(x, &Complex<float>::re, buffer, lane);
  warp_transpose(x, &Complex<float>::im, buffer, lane);
  dft<kWarpSize>(x);
}

/// The spectrum, times two, of 2048 real samples from the transform of their pairs (split_real()), as warp_fft() leaves it:
/// calls store(k, X[k]) once for each k = 0 … 1024, neighbouring lanes with neighbouring k.
template <class Store>
__device__ inline void warp_split_real(const Complex<float> (&x)[kWarpSize], const Complex<float>* split_twiddles, int lane,
                                       Store store) {
  Complex<float> low, high;
#pragma unroll
  for (int s = 0; s < kWarpSize / 2; ++s) {
    // k = lane + 32 s is split together with 1024 - k = (32 - lane) + 32 (31 - s): number 31 - s of another lane, of lane 16
    // its own. Only in lane 0, where 32 is one number more, it is its own number 32 - s (modulo 32).
    const int other = kWarpSize - 1 - s, first = (kWarpSize - s) % kWarpSize;
    const float re = lane == 0 ? x[first].re : x[other].re, im = lane == 0 ? x[first].im : x[other].im;
    const Complex<float> partner{__shfl_sync(kAllLanes, re, kWarpSize - lane), __shfl_sync(kAllLanes, im, kWarpSize - lane)};
    const int k = lane + kWarpSize * s;
    split_real(x[s], partner, load_complex(split_twiddles + k), low, high);
    store(k, low);
    store(kWarpFftPoints - k, high);
  }
  if (lane == 0) {  // k = 512 is its own partner
    split_real(x[kWarpSize / 2], x[kWarpSize / 2], split_twiddles[kWarpFftPoints / 2], low, high);
    store(kWarpFftPoints / 2, low);
  }
}

}  // namespace cudenza::kernels
