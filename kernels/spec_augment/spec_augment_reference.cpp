#include <algorithm>
#include <cmath>

#include "kernels/spec_augment/spec_augment_math.h"

namespace cudenza::kernels {
namespace {

/// Mean of max(x[m,f], floor) over the places that are inside(m, f).
template <class Inside> float mean_where(const MaskRule& rule, const float* x, float floor, Inside inside) {
  double sum = 0, count = 0;
  for (int m = 0; m < rule.bands; ++m) {
    for (int f = 0; f < rule.frames; ++f) {
      if (inside(m, f)) sum += std::max(x[m * int64_t{rule.frames} + f], floor), ++count;
    }
  }
  return static_cast<float>(sum / count);
}

void mask(const MaskRule& rule, const Masks& masks, float floor, float* x) {
  const float bands_mean = mean_where(rule, x, floor, [&](int m, int) { return masks.bands.has(m); });
  const float frames_mean = mean_where(rule, x, floor, [&](int, int f) { return masks.frames.has(f); });
  for (int m = 0; m < rule.bands; ++m) {
    for (int f = 0; f < rule.frames; ++f) {
      if (masks.frames.has(f)) x[m * int64_t{rule.frames} + f] = frames_mean;
      else if (masks.bands.has(m)) x[m * int64_t{rule.frames} + f] = bands_mean;
    }
  }
}

}  // namespace

void spec_augment(Reference, const MaskRule& rule, const ClipRows& rows, const ClipRounds& rounds, const float* floor, float* x,
                  int64_t batch) {
  for (int v = 0; v < rounds.count; ++v) {
    for (int64_t b = 0; b < batch; ++b) {
      const int64_t row = rows.row(b), i = v * batch + b;
      if (!rows.has(row)) continue;
      mask(rule, masks_of(rule, rounds.key(v, rows.id(row))), floor ? floor[i] : -INFINITY, x + i * rule.bands * rule.frames);
    }
  }
}

}  // namespace cudenza::kernels
