/// How a block of threads keeps a transform in its shared memory.
#pragma once
#include <cstddef>

#include "kernels/common/host_device.h"
#include "kernels/fft/fft_plan.h"

namespace cudenza::kernels {

/// What a block may use on every card from 8.0 on: those of 8.6, 8.9 and 12.0 give 99 KB, the least.
constexpr size_t kLargestBlockBytes = 99 * 1024;

/// Point i of a buffer. A hole after every 16 points keeps the writes of the first pass, which stride by its radix, out of
/// each other's banks.
HOST_DEVICE int padded(int i) { return i + i / 16; }
/// Bytes of one buffer, a multiple of 16; a transform needs two.
HOST_DEVICE size_t block_fft_bytes(int n) { return static_cast<size_t>((padded(n) + 2) / 2 * 2) * sizeof(Complex<float>); }

/// Threads that transform one frame: one for each butterfly of the largest radix, in whole warps.
inline int threads_per_frame(const FftPlan& plan) {
  int radix = 2;
  for (int p = 0; p < plan.passes; ++p) radix = radix < plan.pass[p].radix ? plan.pass[p].radix : radix;
  const int wanted = (plan.n / radix + 31) / 32 * 32;
  return wanted < 32 ? 32 : (wanted > 256 ? 256 : wanted);
}

}  // namespace cudenza::kernels
