/// The CPU's transform of kCount frames side by side (kernels/fft/lanes.h), in place: decimation in frequency, largest pass
/// first, then each of its parts depth first, so that a part that fits the first-level cache is finished there. The results
/// are left where they fall, fft_order() says where; a complex vector fills a cache line, so reading them there is free.
#pragma once
#include "kernels/fft/fft_plan.h"
#include "kernels/fft/lanes.h"

namespace cudenza::kernels {

template <class F> inline void with_cpu_radix(int radix, F&& f) {
  switch (radix) {
    case 2: return f.template operator()<2>();
    case 3: return f.template operator()<3>();
    case 4: return f.template operator()<4>();
    case 5: return f.template operator()<5>();
    default: return f.template operator()<8>();
  }
}

/// Transforms column k of a pass, x[q] = point k + q span, and turns it for the passes below.
template <int radix, class T> inline void decimate(int span, const Complex<T>* twiddles, int k, Complex<Lanes<T>>* x) {
  dft<radix>(x);
  for (int q = 1; q < radix; ++q) x[q] = times(x[q], twiddles[(q - 1) * span + k]);
}

/// The passes below `passes` of the plan, on one part.
template <class T> void fft_lanes_passes(const FftPlan& plan, const Complex<T>* twiddles, int passes, Complex<Lanes<T>>* x);

/// x[fft_order(plan)[k]] <- sum over m of x[m] e^(-2 pi i mk / n) in every lane.
template <class T> inline void fft_lanes(const FftPlan& plan, const Complex<T>* twiddles, Complex<Lanes<T>>* x) {
  fft_lanes_passes(plan, twiddles, plan.passes, x);
}

/// The same of points that do not lie in x yet: load(m, points) puts points m … m + chunk - 1 at `points`, and is called
/// by the first pass, which saves a trip through the cache.
template <int chunk, class T, class Load>
inline void fft_lanes_of(const FftPlan& plan, const Complex<T>* twiddles, Load load, Complex<Lanes<T>>* x) {
  const FftPass& top = plan.pass[plan.passes - 1];
  if (top.span % chunk != 0) {  // short or odd lengths: load everything first
    for (int m = 0; m < plan.n; m += chunk) load(m, x + m);
    return fft_lanes(plan, twiddles, x);
  }
  with_cpu_radix(top.radix, [&]<int radix>() {
    for (int k = 0; k < top.span; k += chunk) {
      Complex<Lanes<T>> points[radix][chunk];
      for (int q = 0; q < radix; ++q) load(k + q * top.span, points[q]);
      for (int c = 0; c < chunk; ++c) {
        Complex<Lanes<T>> column[radix];
        for (int q = 0; q < radix; ++q) column[q] = points[q][c];
        decimate<radix>(top.span, twiddles + top.twiddles, k + c, column);
        for (int q = 0; q < radix; ++q) x[k + c + q * top.span] = column[q];
      }
    }
  });
  for (int q = 0; q < top.radix; ++q) fft_lanes_passes(plan, twiddles, plan.passes - 1, x + q * top.span);
}

/// The spectrum of real frames of length n, times two, from the transform z of their n/2 pairs of samples: calls
/// store(k, X[k]) for k = 0 … n/2.
template <class T, class Store>
inline void split_real_lanes(int n, const Complex<T>* twiddles, const int32_t* order, const Complex<Lanes<T>>* z, Store store) {
  const int half = n / 2;
  for (int k = 0; k <= half / 2; ++k) {
    Complex<Lanes<T>> low, high;
    split_real(z[order[k]], z[order[k == 0 ? 0 : half - k]], twiddles[k], low, high);
    store(k, low);
    store(half - k, high);
  }
}

}  // namespace cudenza::kernels
