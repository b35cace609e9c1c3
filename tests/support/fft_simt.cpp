/// The GPU's transform library in the SIMT build: our own CPU transform, on "device" memory that is the host's.
#include "engine/audio/fft_library.h"
#include "engine/core/gpu.h"
#include "kernels/fft/fft.h"
#include "kernels/simt/tracer.h"

namespace cudenza {

void rfft_library(Device device, int n, int64_t batch, const float* x, kernels::Complex<float>* y) {
  const auto work = [=] {
    const auto plan = kernels::make_fft_plan(n / 2, kernels::FftRadix::cpu);
    const auto twiddles = kernels::fft_twiddles<float>(plan), split = kernels::split_twiddles<float>(n);
    const auto order = kernels::fft_order(plan);
    kernels::rfft_forward(kernels::Cpu{}, {n, plan, twiddles.data(), split.data(), order.data()}, x, y, batch);
    simt::tell_wrote(y, static_cast<size_t>(batch * (n / 2 + 1)) * sizeof *y);
  };
  simt::enqueue(work, gpu::stream(device.index()));
}

}  // namespace cudenza
