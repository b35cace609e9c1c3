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

template <class X, class T> void standardise_wave(Reference, const X* pcm, Affine<T>* wave, int64_t clips, int64_t samples) {
  for (int64_t c = 0; c < clips; ++c) {
    const X* const x = pcm + c * samples;
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < samples; ++i) sum += static_cast<double>(x[i]);
    const double mean = sum / static_cast<double>(samples);
    for (int64_t i = 0; i < samples; ++i) squares += (static_cast<double>(x[i]) - mean) * (static_cast<double>(x[i]) - mean);
    wave[c] = standardising<T>(mean, squares, samples);
  }
}

template <class T> void clip_floor(Reference, const T* y, T* floor, int64_t clips, int64_t count, T top_db) {
  for (int64_t c = 0; c < clips; ++c) floor[c] = *std::max_element(y + c * count, y + (c + 1) * count) - top_db;
}

template <class T> void apply_floor(Reference, T* y, const T* floor, int64_t clips, int64_t count) {
  for (int64_t i = 0; i < clips * count; ++i) y[i] = std::max(y[i], floor[i / count]);
}

#define CUDENZA_MEL(X, T, Y) template void log_mel(Reference, const MelPlan<T>&, const X*, const Affine<T>*, Y*, int64_t);
CUDENZA_MEL(float, float, float)
CUDENZA_MEL(int16_t, float, float)
CUDENZA_MEL(float, double, float)
CUDENZA_MEL(int16_t, double, float)
CUDENZA_MEL(double, double, double)
#define CUDENZA_WAVE(X, T) template void standardise_wave(Reference, const X*, Affine<T>*, int64_t, int64_t);
CUDENZA_WAVE(float, float)
CUDENZA_WAVE(int16_t, float)
CUDENZA_WAVE(float, double)
CUDENZA_WAVE(int16_t, double)
CUDENZA_WAVE(double, double)
template void clip_floor(Reference, const float*, float*, int64_t, int64_t, float);
template void clip_floor(Reference, const double*, double*, int64_t, int64_t, double);
template void apply_floor(Reference, float*, const float*, int64_t, int64_t);
template void apply_floor(Reference, double*, const double*, int64_t, int64_t);

}  // namespace cudenza::kernels
