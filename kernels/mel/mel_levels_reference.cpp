/// Levels of samples and of spectrograms in mel.h, as loops.
#include <algorithm>

#include "kernels/mel/mel_math.h"

namespace cudenza::kernels {

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
