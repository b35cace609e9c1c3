/// The CPU's transform of kCount frames side by side (kernels/fft/lanes.h).
#pragma once
#include "kernels/fft/fft_plan.h"
#include "kernels/fft/lanes.h"

namespace cudenza::kernels {

/// y[k] = sum over m of x[m] e^(-2 pi i mk / n) in every lane. x and y are [plan.n] and must not overlap.
template <class T>
void fft_lanes(const FftPlan& plan, const Complex<T>* twiddles, const Complex<Lanes<T>>* x, Complex<Lanes<T>>* y);

/// The spectrum of real frames of length n, times two, from the transform z of their n/2 pairs of samples: calls
/// store(k, X[k]) for k = 0 … n/2.
template <class T, class Store>
inline void split_real_lanes(int n, const Complex<T>* twiddles, const Complex<Lanes<T>>* z, Store store) {
  const int half = n / 2;
  for (int k = 0; k <= half / 2; ++k) {
    Complex<Lanes<T>> low, high;
    split_real(z[k], z[k == 0 ? 0 : half - k], twiddles[k], low, high);
    store(k, low);
    store(half - k, high);
  }
}

}  // namespace cudenza::kernels
