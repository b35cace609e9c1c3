/// What a spectrogram is normalised by, measured on the spectrogram itself: moments of its rows (bands), and the maps that
/// follow from them.                               x [clips, bands, count]: row r is band r % bands of clip r / bands
#pragma once
#include <cstdint>

#include "kernels/common/backend.h"

namespace cudenza::kernels {

/// y = scale x + shift.
template <class T> struct Affine { T scale, shift; };

/// Of the values of one row: their mean, the sum of their squared distances from it, the least and the largest.
template <class T> struct Moments { T mean, squares, least, most; };

/// moments [clips·bands] of max(x, floor[clip]); floor may be null.
template <class T>
void row_moments(Reference, const T* x, const T* floor, Moments<T>* moments, int64_t clips, int64_t bands, int64_t count);
void row_moments(Cpu, const float* x, const float* floor, Moments<float>* moments, int64_t clips, int64_t bands, int64_t count);
void row_moments(Gpu, const float* x, const float* floor, Moments<float>* moments, int64_t clips, int64_t bands, int64_t count);

enum class ClipMap {
  standard,  ///< mean 0, standard deviation 1 over the clip
  unit,      ///< the clip's least value to 0, its largest to 1
};

/// maps [clips, bands], equal for all bands of a clip. A constant clip is mapped to zeros.
template <class T>
void clip_maps(Reference, ClipMap kind, const Moments<T>* moments, Affine<T>* maps, int64_t clips, int64_t bands, int64_t count);
void clip_maps(Cpu, ClipMap kind, const Moments<float>* moments, Affine<float>* maps, int64_t clips, int64_t bands,
               int64_t count);
void clip_maps(Gpu, ClipMap kind, const Moments<float>* moments, Affine<float>* maps, int64_t clips, int64_t bands,
               int64_t count);

}  // namespace cudenza::kernels
