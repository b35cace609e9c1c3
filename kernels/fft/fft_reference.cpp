#include <cmath>
#include <vector>

#include "kernels/fft/fft.h"

namespace cudenza::kernels {

template <class T> void rfft_forward(Reference, const RealFft<T>& fft, const T* x, Complex<T>* y, int64_t batch) {
  const int64_t n = fft.n, bins = n / 2 + 1;
  std::vector<Complex<double>> roots;  // e^(-2 pi i j / n)
  for (int64_t j = 0; j < n; ++j) {
    const double angle = 2 * M_PI * static_cast<double>(j) / static_cast<double>(n);
    roots.push_back({std::cos(angle), -std::sin(angle)});
  }
#pragma omp parallel for
  for (int64_t at = 0; at < batch * bins; ++at) {
    const T* const frame = x + at / bins * n;
    const int64_t k = at % bins;
    double re = 0, im = 0;
    for (int64_t i = 0; i < n; ++i) {
      const Complex<double>& root = roots[static_cast<size_t>(i * k % n)];
      re += frame[i] * root.re, im += frame[i] * root.im;
    }
    y[at] = {static_cast<T>(re), static_cast<T>(im)};
  }
}

template void rfft_forward(Reference, const RealFft<float>&, const float*, Complex<float>*, int64_t);
template void rfft_forward(Reference, const RealFft<double>&, const double*, Complex<double>*, int64_t);

}  // namespace cudenza::kernels
