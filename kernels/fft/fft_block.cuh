/// The kernels' transform: one frame in the shared memory of a block.
#pragma once
#include "kernels/common/launch.h"
#include "kernels/fft/fft_block.h"

namespace cudenza::kernels {

/// One pass: to[…] = the joined transforms of load(i). Thread t takes butterflies t, t + threads, …: neighbours read
/// neighbouring points, and neighbouring twiddles.
template <int radix, class Load>
__device__ inline void fft_pass(int n, const FftPass& pass, const Complex<float>* twiddles, Load load, Complex<float>* to,
                                int thread, int threads) {
  const int stride = n / radix, span = pass.span;
  for (int i = thread; i < stride; i += threads) {
    // i / span by multiplication: exact while n < 2^16. A span of 1 has no reciprocal in 32 bits, and no twiddles.
    const int part = span == 1 ? i : static_cast<int>(static_cast<uint64_t>(i) * pass.span_reciprocal >> 32);
    const int k = i - part * span;
    Complex<float> x[radix];
#pragma unroll
    for (int q = 0; q < radix; ++q) x[q] = load(i + q * stride);
    if (span > 1) {
#pragma unroll
      for (int q = 1; q < radix; ++q) x[q] = times(x[q], twiddles[pass.twiddles + (q - 1) * span + k]);
    }
    dft<radix>(x);
#pragma unroll
    for (int q = 0; q < radix; ++q) to[padded((part * radix + q) * span + k)] = x[q];
  }
}

template <class Load>
__device__ inline void fft_pass_of(int n, const FftPass& pass, const Complex<float>* twiddles, Load load, Complex<float>* to,
                                   int thread, int threads) {
  switch (pass.radix) {
    case 2: return fft_pass<2>(n, pass, twiddles, load, to, thread, threads);
    case 3: return fft_pass<3>(n, pass, twiddles, load, to, thread, threads);
    case 4: return fft_pass<4>(n, pass, twiddles, load, to, thread, threads);
    case 5: return fft_pass<5>(n, pass, twiddles, load, to, thread, threads);
    case 8: return fft_pass<8>(n, pass, twiddles, load, to, thread, threads);
    default: return fft_pass<16>(n, pass, twiddles, load, to, thread, threads);
  }
}

/// The transform of load(0) … load(n - 1), between two buffers of block_fft_bytes(n) that this frame's `threads` threads
/// own. All threads of the block must call it. On return `a` holds the result (point k at padded(k)), `b` is free, and all
/// threads may read.
template <class Load>
__device__ inline void block_fft(const FftPlan& plan, const Complex<float>* twiddles, Load load, Complex<float>*& a,
                                 Complex<float>*& b, int thread, int threads) {
  fft_pass_of(plan.n, plan.pass[0], twiddles, load, a, thread, threads);
  __syncthreads();
  for (int p = 1; p < plan.passes; ++p) {
    const Complex<float>* from = a;
    fft_pass_of(
        plan.n, plan.pass[p], twiddles, [from](int i) { return from[padded(i)]; }, b, thread, threads);
    __syncthreads();
    Complex<float>* const swap = a;
    a = b;
    b = swap;
  }
}

}  // namespace cudenza::kernels
