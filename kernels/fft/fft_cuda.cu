#include "kernels/common/extents.h"
#include "kernels/fft/fft.h"
#include "kernels/fft/fft_block.cuh"

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

}  // namespace

void rfft_forward(Gpu gpu, const RealFft<float>& fft, const float* x, Complex<float>* y, int64_t batch) {
  if (batch == 0) return;
  launch<rfft_kernel>(dim3(static_cast<unsigned>(batch)), dim3(static_cast<unsigned>(threads_per_frame(fft.plan))),
                      2 * block_fft_bytes(fft.plan.n), gpu, fft, x, y);
}

}  // namespace cudenza::kernels
