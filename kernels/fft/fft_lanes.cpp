#include "kernels/fft/fft_lanes.h"

namespace cudenza::kernels {
namespace {

/// Joins `radix` transforms of `span` points that lie one after the other in y.
template <int radix, class T>
void join(int span, const Complex<T>* twiddles, Complex<Lanes<T>>* y) {
  for (int k = 0; k < span; ++k) {
    Complex<Lanes<T>> x[radix];
    x[0] = y[k];
    for (int q = 1; q < radix; ++q) x[q] = times(y[k + q * span], twiddles[(q - 1) * span + k]);
    dft<radix>(x);
    for (int q = 0; q < radix; ++q) y[k + q * span] = x[q];
  }
}

template <int radix, class T>
void first(const Complex<Lanes<T>>* x, int stride, Complex<Lanes<T>>* y) {
  Complex<Lanes<T>> z[radix];
  for (int q = 0; q < radix; ++q) z[q] = x[q * stride];
  dft<radix>(z);
  for (int q = 0; q < radix; ++q) y[q] = z[q];
}

template <class F>
void with_radix(int radix, F&& f) {
  switch (radix) {
    case 2: return f.template operator()<2>();
    case 3: return f.template operator()<3>();
    case 4: return f.template operator()<4>();
    case 5: return f.template operator()<5>();
    default: return f.template operator()<8>();
  }
}

/// Depth first: once a part fits the first-level cache, all passes below it stay there.
template <class T>
void transform(const FftPlan& plan, const Complex<T>* twiddles, int last, const Complex<Lanes<T>>* x, int stride, Complex<Lanes<T>>* y) {
  const FftPass& pass = plan.pass[last];
  if (last == 0) return with_radix(pass.radix, [&]<int radix>() { first<radix>(x, stride, y); });
  for (int q = 0; q < pass.radix; ++q) transform(plan, twiddles, last - 1, x + q * stride, stride * pass.radix, y + q * pass.span);
  with_radix(pass.radix, [&]<int radix>() { join<radix>(pass.span, twiddles + pass.twiddles, y); });
}

}  // namespace

template <class T>
void fft_lanes(const FftPlan& plan, const Complex<T>* twiddles, const Complex<Lanes<T>>* x, Complex<Lanes<T>>* y) {
  if (plan.passes == 0) y[0] = x[0];
  else transform(plan, twiddles, plan.passes - 1, x, 1, y);
}

template void fft_lanes(const FftPlan&, const Complex<float>*, const Complex<Lanes<float>>*, Complex<Lanes<float>>*);
template void fft_lanes(const FftPlan&, const Complex<double>*, const Complex<Lanes<double>>*, Complex<Lanes<double>>*);

}  // namespace cudenza::kernels
