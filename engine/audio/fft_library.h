/// Batched real FFTs by the GPU's library: cuFFT (fft_library_cuda.cpp); our own CPU FFT in the SIMT build.
#pragma once
#include "engine/core/device.h"
#include "kernels/fft/fft_plan.h"

namespace cudenza {

/// y[b,k] = sum over i of x[b,i] e^(-2 pi i ik / n). x [batch, n], y [batch, n/2 + 1], on `device`. Asynchronous; plans are
/// cached.
void rfft_library(Device device, int n, int64_t batch, const float* x, kernels::Complex<float>* y);

}  // namespace cudenza
