/// Fourier transforms of many real frames.
///
///   y[b,k] = sum over i of x[b,i] e^(-2 pi i ik / n),  k = 0 … n/2      x [batch, n], y [batch, n/2 + 1]
///
/// Our own on both devices. The log-mel kernels (kernels/mel) use the parts of it (fft_lanes.h, fft_block.cuh, fft_warp.cuh)
/// inside their own loops and never write a spectrum to memory.
#pragma once
#include "kernels/common/backend.h"
#include "kernels/fft/fft_plan.h"

namespace cudenza::kernels {

/// What a real transform needs besides its input; the tables lie on the device that runs it.
template <class T> struct RealFft {
  int n = 0;                                   ///< even; fft_supports(n / 2)
  FftPlan plan;                                ///< of n / 2 points
  const Complex<T>* twiddles = nullptr;        ///< fft_twiddles(plan)
  const Complex<T>* split_twiddles = nullptr;  ///< split_twiddles(n)
  const int32_t* order = nullptr;              ///< fft_order(plan); the CPU's alone
};

template <class T> void rfft_forward(Reference, const RealFft<T>&, const T* x, Complex<T>* y, int64_t batch);
template <class T> void rfft_forward(Cpu, const RealFft<T>&, const T* x, Complex<T>* y, int64_t batch);
/// REQUIRES fits_block(fft.plan). float.
void rfft_forward(Gpu, const RealFft<float>&, const float* x, Complex<float>* y, int64_t batch);

/// Whether a block's shared memory holds the transform: up to n / 2 = 12,288 points.
bool fits_block(const FftPlan&);

}  // namespace cudenza::kernels
