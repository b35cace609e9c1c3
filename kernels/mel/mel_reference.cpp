/// The spectrogram of mel.h as its three sums. All is computed in double.
#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/mel/mel_math.h"

namespace cudenza::kernels {
namespace {

/// x[f,i]. The plan's window is halved.
template <class X, class T> std::vector<double> frame_of(const MelPlan<T>& plan, const X* clip, Affine<T> wave, int64_t f) {
  std::vector<double> x;
  for (int64_t i = 0; i < plan.fft.n; ++i) {
    const double sample = static_cast<double>(clip[reflected(f * plan.hop - plan.pad + i, plan.samples)]);
    x.push_back(2.0 * plan.window[i] * (wave.scale * sample + wave.shift));
  }
  return x;
}

/// P[f,k] from x[f,i], by the definition of the transform.
std::vector<double> power_of(const std::vector<double>& x, bool magnitude) {
  std::vector<Complex<double>> spectrum(x.size() / 2 + 1);
  RealFft<double> fft;
  fft.n = static_cast<int>(x.size());
  rfft_forward(Reference{}, fft, x.data(), spectrum.data(), 1);
  std::vector<double> power;
  for (const auto& c : spectrum) power.push_back(magnitude ? std::hypot(c.re, c.im) : c.re * c.re + c.im * c.im);
  return power;
}

/// M[b,f] from P[f,k].
template <class T> double band_of(const MelFilters<T>& filters, const std::vector<double>& power, int b) {
  double sum = 0;
  for (int j = 0; j < filters.count[b]; ++j) {
    const T* const weights = filters.weights + b * int64_t{filters.band_stride} + j / kMelGroup * int64_t{filters.group_stride};
    sum += weights[j % kMelGroup] * power[static_cast<size_t>(filters.first[b] + j)];
  }
  return sum;
}

}  // namespace

template <class X, class T, class Y>
void log_mel(Reference, const MelPlan<T>& plan, const X* pcm, const Affine<T>* wave, Y* y, int64_t clips) {
#pragma omp parallel for
  for (int64_t at = 0; at < clips * plan.frames; ++at) {
    const int64_t clip = at / plan.frames, f = at % plan.frames;
    const auto x = frame_of(plan, pcm + clip * plan.samples, wave_map<X>(wave, clip), f);
    const auto power = power_of(x, plan.magnitude);
    for (int b = 0; b < plan.filters.bands; ++b) {
      const double mel = band_of(plan.filters, power, b);
      y[(clip * plan.filters.bands + b) * plan.frames + f] = static_cast<Y>(10 * std::log10(std::max<double>(mel, plan.floor)));
    }
  }
}

#define CUDENZA_MEL(X, T, Y) template void log_mel(Reference, const MelPlan<T>&, const X*, const Affine<T>*, Y*, int64_t);
CUDENZA_MEL(float, float, float)
CUDENZA_MEL(int16_t, float, float)
CUDENZA_MEL(float, double, float)
CUDENZA_MEL(int16_t, double, float)
CUDENZA_MEL(double, double, double)

}  // namespace cudenza::kernels
