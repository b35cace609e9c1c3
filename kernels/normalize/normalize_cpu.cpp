#include <limits>

#include "kernels/common/parallel.h"
#include "kernels/normalize/normalize_math.h"

namespace cudenza::kernels {
namespace {

template <class T> Moments<T> moments_of(const T* x, int64_t count, T floor) {
  T sum = 0, least = larger(x[0], floor), most = least;
#pragma omp simd reduction(+ : sum) reduction(min : least) reduction(max : most)
  for (int64_t i = 0; i < count; ++i) {
    const T value = larger(x[i], floor);
    sum += value;
    least = smaller(least, value);
    most = larger(most, value);
  }
  const T mean = sum / static_cast<T>(count);
  T squares = 0;
#pragma omp simd reduction(+ : squares)
  for (int64_t i = 0; i < count; ++i) squares += (larger(x[i], floor) - mean) * (larger(x[i], floor) - mean);
  return {mean, squares, least, most};
}

/// Rows of equal length: the clip's mean is the mean of theirs, and their means' spread adds to the squares.
template <class T> Moments<T> joined(const Moments<T>* rows, int64_t bands, int64_t count) {
  Moments<T> clip = {T(0), T(0), rows[0].least, rows[0].most};
  for (int64_t b = 0; b < bands; ++b) {
    clip.mean += rows[b].mean / static_cast<T>(bands);
    clip.least = smaller(clip.least, rows[b].least);
    clip.most = larger(clip.most, rows[b].most);
  }
  for (int64_t b = 0; b < bands; ++b) {
    const T distance = rows[b].mean - clip.mean;
    clip.squares += rows[b].squares + static_cast<T>(count) * distance * distance;
  }
  return clip;
}

}  // namespace

template <class T>
void row_moments(Cpu, const T* x, const T* floor, Moments<T>* moments, int64_t clips, int64_t bands, int64_t count) {
  parallel_ranges(clips * bands, 2 * count, [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      moments[r] = moments_of(x + r * count, count, floor ? floor[r / bands] : -std::numeric_limits<T>::infinity());
  });
}

template <class T>
void clip_maps(Cpu, ClipMap kind, const Moments<T>* moments, Affine<T>* maps, int64_t clips, int64_t bands, int64_t count) {
  for (int64_t c = 0; c < clips; ++c) {
    const Affine<T> map = clip_map(kind, joined(moments + c * bands, bands, count), bands * count);
    for (int64_t b = 0; b < bands; ++b) maps[c * bands + b] = map;
  }
}

template void row_moments(Cpu, const float*, const float*, Moments<float>*, int64_t, int64_t, int64_t);
template void row_moments(Cpu, const double*, const double*, Moments<double>*, int64_t, int64_t, int64_t);
template void clip_maps(Cpu, ClipMap, const Moments<float>*, Affine<float>*, int64_t, int64_t, int64_t);
template void clip_maps(Cpu, ClipMap, const Moments<double>*, Affine<double>*, int64_t, int64_t, int64_t);

}  // namespace cudenza::kernels
