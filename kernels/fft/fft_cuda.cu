#include "kernels/common/extents.h"
#include "kernels/fft/fft.h"
#include "kernels/fft/fft_block.cuh"
#include "kernels/fft/fft_warp.cuh"

namespace cudenza::kernels {
namespace {

// y[b,k] = sum over i of x[b,i] e^(-2 pi i ik / n). One block a frame: pairs of samples are the complex points of a
// transform of half the length in shared memory, which is split at the end.
__global__ void rfft_kernel(RealFft<float> fft, const float* x, Complex<float>* y) {
  const int n = fft.n, half = n / 2, thread = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
  const float* frame = x + static_cast<int64_t>(blockIdx.x) * n;
  Complex<float>* spectrum = y + static_cast<int64_t>(blockIdx.x) * (half + 1);
  auto* a = dynamic_shared<Complex<float>>();
  auto* b = a + block_fft_bytes(half) / sizeof(Complex<float>);
  block_fft(
      fft.plan, fft.twiddles,
      [=](int m) {
        return Complex<float>{0.5f * frame[2 * m], 0.5f * frame[2 * m + 1]};
      },
      a, b, thread, threads);
  for (int k = thread; k <= half / 2; k += threads) {
    split_real(a[padded(k)], a[padded(k == 0 ? 0 : half - k)], fft.split_twiddles[k], spectrum[k], spectrum[half - k]);
  }
}

constexpr int kWarps = 4;

// The same for frames of 2048 samples, one a warp.
__global__ void __launch_bounds__(kWarps* kWarpSize)
    rfft_warp_kernel(RealFft<float> fft, const float* x, Complex<float>* y, int64_t batch) {
  const int lane = static_cast<int>(threadIdx.x), warp = static_cast<int>(threadIdx.y);
  const int64_t frame = static_cast<int64_t>(blockIdx.x) * kWarps + warp;
  if (frame >= batch) return;
  const float* samples = x + frame * fft.n;
  Complex<float> z[kWarpSize];
#pragma unroll
  for (int q = 0; q < kWarpSize; ++q) {
    const int m = lane + kWarpSize * q;
    z[q] = {0.5f * samples[2 * m], 0.5f * samples[2 * m + 1]};
  }
  warp_fft(z, fft.twiddles, dynamic_shared<float>() + warp * kWarpFftBuffer, lane);
  Complex<float>* spectrum = y + frame * (kWarpFftPoints + 1);
  warp_split_real(z, fft.split_twiddles, lane, [&](int k, const Complex<float>& value) { spectrum[k] = value; });
}

}  // namespace

void rfft_forward(Gpu gpu, const RealFft<float>& fft, const float* x, Complex<float>* y, int64_t batch) {
  if (batch == 0) return;
  if (fft.plan.n == kWarpFftPoints) {
    return launch<rfft_warp_kernel>(dim3(static_cast<unsigned>(ceil_div<int64_t>(batch, kWarps))), dim3(kWarpSize, kWarps),
                                    kWarps * kWarpFftBuffer * sizeof(float), gpu, fft, x, y, batch);
  }
  launch<rfft_kernel>(dim3(static_cast<unsigned>(batch)), dim3(static_cast<unsigned>(threads_per_frame(fft.plan))),
                      2 * block_fft_bytes(fft.plan.n), gpu, fft, x, y);
}

}  // namespace cudenza::kernels
