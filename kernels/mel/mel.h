/// From sound to a mel spectrogram in decibels, in one pass over the samples.
///
///   frame  x[f,i]  = window[i] · (scale · pcm[f·hop - pad + i] + shift), i = 0 … n_fft - 1, reflected at the clip's ends
///   power  P[f,k]  = |sum over i of x[f,i] e^(-2 pi i ik / n_fft)|²  (its root with `magnitude`), k = 0 … n_fft / 2
///   mel    M[b,f]  = sum over k of filter[b,k] P[f,k]
///   y[b,f]         = 10 log10(max(M[b,f], floor))                     pcm [clips, samples], y [clips, bands, frames]
///
/// The CPU takes a vector of neighbouring frames at a time through all of it inside its cache; the GPU a tile of frames in a
/// block's shared memory. Neither writes a frame or a spectrum to memory.
#pragma once
#include "kernels/fft/fft.h"
#include "kernels/normalize/normalize.h"

namespace cudenza::kernels {

/// A GPU's filters begin at multiples of so many bins and are multiples of it long, filled up with zeros: so many powers, and
/// so many weights, are one load each.
constexpr int kMelGroup = 4;

/// Triangles over the spectrum, each a short run of bins: for j < count[b], with G = kMelGroup,
///   filter[b, first[b] + j] = weights[b·band_stride + j/G·group_stride + j%G].
/// The CPU has a band's weights together (group_stride is G), a GPU those of neighbouring bands (band_stride is G).
template <class T> struct MelFilters {
  int bands = 0;
  int band_stride = 0, group_stride = 0;
  const int32_t* first = nullptr;
  const int32_t* count = nullptr;
  const T* weights = nullptr;
};

/// All that log_mel needs besides samples; the tables lie on the device that runs it.
template <class T> struct MelPlan {
  RealFft<T> fft;
  int hop = 0, pad = 0;
  int64_t samples = 0, frames = 0;
  const T* window = nullptr;  ///< [n_fft], *halved*: split_real() doubles
  MelFilters<T> filters;
  bool magnitude = false;
  T floor = T(1e-10);
};

/// `wave` is one map a clip for its samples, or null: then int16 samples are divided by 32768 and others taken as they are.
/// REQUIRES pad < samples. Computes in T as far as the mel bands, in Y the decibels: double and float where bands far below
/// the clip's loudest matter, since a float transform's rounding noise lies 130 dB below it.
template <class X, class T, class Y>
void log_mel(Reference, const MelPlan<T>&, const X* pcm, const Affine<T>* wave, Y* y, int64_t clips);
template <class X, class T, class Y>
void log_mel(Cpu, const MelPlan<T>&, const X* pcm, const Affine<T>* wave, Y* y, int64_t clips);
/// float and int16. REQUIRES mel_fits_block(plan).
template <class X> void log_mel(Gpu, const MelPlan<float>&, const X* pcm, const Affine<float>* wave, float* y, int64_t clips);
bool mel_fits_block(const MelPlan<float>&);
/// Whether one frame's powers and a tile of the result fit a block's memory, as mel_of_spectra() wants.
bool mel_spectra_fit_block(const MelPlan<float>&);

/// The same in three steps around somebody else's batched transform: frames [clips·frames, n_fft] and, after it, spectra
/// [clips·frames, n_fft/2 + 1].
template <class X>
void mel_frames(Gpu, const MelPlan<float>&, const X* pcm, const Affine<float>* wave, float* frames, int64_t clips);
void mel_of_spectra(Gpu, const MelPlan<float>&, const Complex<float>* spectra, float* y, int64_t clips);

/// wave[c] maps the samples of clip c to mean 0 and (unbiased) standard deviation 1; a constant clip to zeros.
template <class X, class T> void standardise_wave(Reference, const X* pcm, Affine<T>* wave, int64_t clips, int64_t samples);
template <class X, class T> void standardise_wave(Cpu, const X* pcm, Affine<T>* wave, int64_t clips, int64_t samples);
template <class X> void standardise_wave(Gpu, const X* pcm, Affine<float>* wave, int64_t clips, int64_t samples);

/// floor[c] = (the maximum of clip c) - top_db.        y [clips, count], floor [clips]
template <class T> void clip_floor(Reference, const T* y, T* floor, int64_t clips, int64_t count, T top_db);
void clip_floor(Cpu, const float* y, float* floor, int64_t clips, int64_t count, float top_db);
void clip_floor(Gpu, const float* y, float* floor, int64_t clips, int64_t count, float top_db);
/// y[c,i] <- max(y[c,i], floor[c]).
template <class T> void apply_floor(Reference, T* y, const T* floor, int64_t clips, int64_t count);
void apply_floor(Cpu, float* y, const float* floor, int64_t clips, int64_t count);
void apply_floor(Gpu, float* y, const float* floor, int64_t clips, int64_t count);

}  // namespace cudenza::kernels
