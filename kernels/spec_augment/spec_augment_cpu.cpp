#include <cmath>

#include "kernels/common/parallel.h"
#include "kernels/spec_augment/spec_augment_math.h"

namespace cudenza::kernels {
namespace {

/// Mean of max(x, floor) over bands × frames of a spectrogram whose rows are `stride` long.
float mean_of(const float* x, int64_t stride, MaskRun bands, MaskRun frames, float floor) {
  double sum = 0;
  for (int32_t m = bands.begin; m < bands.begin + bands.size; ++m) {
    const float* const row = x + m * stride + frames.begin;
    for (int32_t f = 0; f < frames.size; ++f) sum += larger(row[f], floor);
  }
  return static_cast<float>(sum / (static_cast<double>(bands.size) * frames.size));
}

void fill(float* x, int64_t stride, MaskRun bands, MaskRun frames, float value) {
  for (int32_t m = bands.begin; m < bands.begin + bands.size; ++m) {
    for (int32_t f = frames.begin; f < frames.begin + frames.size; ++f) x[m * stride + f] = value;
  }
}

}  // namespace

void spec_augment(Cpu, const MaskRule& rule, const ClipRows& rows, const ClipRounds& rounds, const float* floor, float* x,
                  int64_t batch) {
  const MaskRun all_bands{0, rule.bands}, all_frames{0, rule.frames};
  const int64_t work = int64_t{rule.frames_most} * rule.bands + int64_t{rule.bands_most} * rule.frames;
  parallel_ranges(rounds.count * batch, 2 * work, [=](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t row = rows.row(i % batch);
      if (!rows.has(row)) continue;
      const Masks masks = masks_of(rule, rounds.key(static_cast<int>(i / batch), rows.id(row)));
      float* const clip = x + i * rule.bands * rule.frames;
      const float least = floor ? floor[i] : -INFINITY;
      const float bands_mean = mean_of(clip, rule.frames, masks.bands, all_frames, least),
                  frames_mean = mean_of(clip, rule.frames, all_bands, masks.frames, least);
      fill(clip, rule.frames, masks.bands, all_frames, bands_mean);
      fill(clip, rule.frames, all_bands, masks.frames, frames_mean);
    }
  });
}

}  // namespace cudenza::kernels
