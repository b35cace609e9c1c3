#include <algorithm>
#include <cmath>

#include "kernels/normalize/normalize_math.h"

namespace cudenza::kernels {

template <class T>
void row_moments(Reference, const T* x, const T* floor, Moments<T>* moments, int64_t clips, int64_t bands, int64_t count) {
  for (int64_t r = 0; r < clips * bands; ++r) {
    const auto value = [=](int64_t i) { return floor ? std::max(x[r * count + i], floor[r / bands]) : x[r * count + i]; };
    double sum = 0, squares = 0;
    T least = value(0), most = value(0);
    for (int64_t i = 0; i < count; ++i) {
      sum += value(i), least = std::min(least, value(i)), most = std::max(most, value(i));
    }
    const double mean = sum / static_cast<double>(count);
    for (int64_t i = 0; i < count; ++i) squares += (value(i) - mean) * (value(i) - mean);
    moments[r] = {static_cast<T>(mean), static_cast<T>(squares), least, most};
  }
}

/// Rows of equal length: the clip's mean is the mean of theirs, and their means' spread adds to the squares.
template <class T>
void clip_maps(Reference, ClipMap kind, const Moments<T>* moments, Affine<T>* maps, int64_t clips, int64_t bands, int64_t count) {
  for (int64_t c = 0; c < clips; ++c) {
    const Moments<T>* const rows = moments + c * bands;
    Moments<double> clip{0, 0, rows[0].least, rows[0].most};
    for (int64_t b = 0; b < bands; ++b) {
      clip.mean += rows[b].mean / static_cast<double>(bands);
      clip.least = std::min<double>(clip.least, rows[b].least), clip.most = std::max<double>(clip.most, rows[b].most);
    }
    for (int64_t b = 0; b < bands; ++b)
      clip.squares += rows[b].squares + static_cast<double>(count) * (rows[b].mean - clip.mean) * (rows[b].mean - clip.mean);
    const Affine<double> map = clip_map(kind, clip, bands * count);
    for (int64_t b = 0; b < bands; ++b) maps[c * bands + b] = {static_cast<T>(map.scale), static_cast<T>(map.shift)};
  }
}

template void row_moments(Reference, const float*, const float*, Moments<float>*, int64_t, int64_t, int64_t);
template void row_moments(Reference, const double*, const double*, Moments<double>*, int64_t, int64_t, int64_t);
template void clip_maps(Reference, ClipMap, const Moments<float>*, Affine<float>*, int64_t, int64_t, int64_t);
template void clip_maps(Reference, ClipMap, const Moments<double>*, Affine<double>*, int64_t, int64_t, int64_t);

}  // namespace cudenza::kernels
