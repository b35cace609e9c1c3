#include "kernels/fft/fft_lanes.h"

namespace cudenza::kernels {
namespace {

template <int radix, class T>
[[gnu::always_inline]] inline void pass_in_place(int span, const Complex<T>* twiddles, Complex<Lanes<T>>* x) {
  for (int k = 0; k < span; ++k) {
    Complex<Lanes<T>> column[radix];
    for (int q = 0; q < radix; ++q) column[q] = x[k + q * span];
    if (span == 1) dft<radix>(column);
    else decimate<radix>(span, twiddles, k, column);
    for (int q = 0; q < radix; ++q) x[k + q * span] = column[q];
  }
}

}  // namespace

template <class T> void fft_lanes_passes(const FftPlan& plan, const Complex<T>* twiddles, int passes, Complex<Lanes<T>>* x) {
  constexpr int kCachedPoints = 16 * 1024 / sizeof(Complex<Lanes<T>>);  // half of the first-level cache
  if (passes == 0) return;
  const FftPass& top = plan.pass[passes - 1];
  const int points = top.radix * top.span;
  const bool cached = points <= kCachedPoints;
  for (int p = passes - 1; p >= (cached ? 0 : passes - 1); --p) {  // small enough: pass after pass over all of it
    const FftPass& pass = plan.pass[p];
    with_cpu_radix(pass.radix, [&]<int radix>() {
      for (int part = 0; part < points; part += radix * pass.span)
        pass_in_place<radix>(pass.span, twiddles + pass.twiddles, x + part);
    });
  }
  for (int q = 0; !cached && q < top.radix; ++q) fft_lanes_passes(plan, twiddles, passes - 1, x + q * top.span);
}

template void fft_lanes_passes(const FftPlan&, const Complex<float>*, int, Complex<Lanes<float>>*);
template void fft_lanes_passes(const FftPlan&, const Complex<double>*, int, Complex<Lanes<double>>*);

}  // namespace cudenza::kernels
