/// How a Fourier transform of n points is cut into passes of small ones (Cooley and Tukey).
#pragma once
#include <cstdint>
#include <vector>

#include "kernels/fft/fft_math.h"

namespace cudenza::kernels {

/// One pass, between `radix` transforms of `span` points and one of radix * span points. The kernels join from the first pass
/// up (Stockham's self-sorting form), the CPU decimates from the last pass down, with the same twiddles.
struct FftPass {
  int radix = 0, span = 0;
  int twiddles = 0;  ///< where the pass's table begins: e^(-2 pi i qk / (radix span)) at (q - 1) span + k, q >= 1; none of pass 0
  uint32_t span_reciprocal = 0;  ///< ceil(2^32 / span): i / span = i * this >> 32 for the i that occur
};

/// Plain values, so that it can be passed to a kernel. Pass 0 has span 1.
struct FftPlan {
  static constexpr int kMaxPasses = 20;
  int n = 0, passes = 0, twiddles = 0;
  FftPass pass[kMaxPasses];
};

/// What one warp transforms in its registers: two passes of 32 (fft_warp.cuh), which the GPU's plan of this length has.
constexpr int kWarpFftPoints = 32 * 32;

/// The largest small transform that suits an implementation: four points of eight frames fill a CPU's registers.
enum class FftRadix { cpu = 4, gpu = 16 };

/// Whether a complex transform of n points can be planned: 1 <= n <= 2^20, with no prime factor above 5.
bool fft_supports(int64_t n);
/// REQUIRES fft_supports(n).
FftPlan make_fft_plan(int n, FftRadix largest);

/// The twiddle factors of all passes, computed in double.
template <class T> std::vector<Complex<T>> fft_twiddles(const FftPlan&);
/// Where the CPU's transform leaves result k.
std::vector<int32_t> fft_order(const FftPlan&);
/// e^(-2 pi i k / n) for k = 0 … n/4, which split_real() wants.
template <class T> std::vector<Complex<T>> split_twiddles(int n);

}  // namespace cudenza::kernels
