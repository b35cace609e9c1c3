#include <limits>

#include "kernels/common/parallel.h"
#include "kernels/normalize/normalize_math.h"

namespace cudenza::kernels {
namespace {

Moments<float> moments_of(const float* x, int64_t count, float floor) {
  float sum = 0, least = larger(x[0], floor), most = least;
#pragma omp simd reduction(+ : sum) reduction(min : least) reduction(max : most)
  for (int64_t i = 0; i < count; ++i) {
    const float value = larger(x[i], floor);
    sum += value;
    least = smaller(least, value);
    most = larger(most, value);
  }
  const float mean = sum / static_cast<float>(count);
  float squares = 0;
#pragma omp simd reduction(+ : squares)
  for (int64_t i = 0; i < count; ++i) squares += (larger(x[i], floor) - mean) * (larger(x[i], floor) - mean);
  return {mean, squares, least, most};
}

/// Rows of equal length: the clip's mean is the mean of theirs, and their means' spread adds to the squares.
Moments<float> joined(const Moments<float>* rows, int64_t bands, int64_t count) {
  Moments<float> clip = {0, 0, rows[0].least, rows[0].most};
  for (int64_t b = 0; b < bands; ++b) {
    clip.mean += rows[b].mean / static_cast<float>(bands);
    clip.least = smaller(clip.least, rows[b].least);
    clip.most = larger(clip.most, rows[b].most);
  }
  for (int64_t b = 0; b < bands; ++b) {
    const float distance = rows[b].mean - clip.mean;
    clip.squares += rows[b].squares + static_cast<float>(count) * distance * distance;
  }
  return clip;
}

}  // namespace

void row_moments(Cpu, const float* x, const float* floor, Moments<float>* moments, int64_t clips, int64_t bands, int64_t count) {
  parallel_ranges(clips * bands, 2 * count, [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      moments[r] = moments_of(x + r * count, count, floor ? floor[r / bands] : -std::numeric_limits<float>::infinity());
  });
}

void clip_maps(Cpu, ClipMap kind, const Moments<float>* moments, Affine<float>* maps, int64_t clips, int64_t bands,
               int64_t count) {
  for (int64_t c = 0; c < clips; ++c) {
    const Affine<float> map = clip_map(kind, joined(moments + c * bands, bands, count), bands * count);
    for (int64_t b = 0; b < bands; ++b) maps[c * bands + b] = map;
  }
}

}  // namespace cudenza::kernels
