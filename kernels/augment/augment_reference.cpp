#include <cmath>

#include "kernels/augment/augment_math.h"

namespace cudenza::kernels {
namespace {

/// N(0,1)[i] of a clip: pack i / 4 has four random words, two for each pair of numbers.
double normal_of(const ClipKey& key, int64_t i) {
  const Random4 random = clip_words(key, Purpose::noise, static_cast<uint32_t>(i / kClipPack));
  const int64_t first = i % kClipPack / 2 * 2;
  const NormalPair pair = normal_pair(random.word[first], random.word[first + 1]);
  return i % 2 == 0 ? pair.first : pair.second;
}

/// y[i] of a clip x, by the equation of augment.h, in double.
template <class X>
double sample_of(const X* x, double deviation, const AugmentRule& rule, const ClipPlan& plan, const ClipKey& key, int64_t i) {
  if (i >= plan.cut_begin && i < plan.cut_end) return 0;
  const int64_t at = (int64_t{plan.start} * kClipPack + i) % (int64_t{rule.circle()} * kClipPack);
  const double sample = at < rule.samples ? static_cast<double>(x[at]) : 0;
  const double full_scale = sizeof(X) == 2 ? 32768 : 1;
  return plan.gain * (sample + plan.level * deviation * normal_of(key, i)) / full_scale;
}

}  // namespace

template <class X>
void augment(Reference, const ClipSet<X>& set, const ClipRows& rows, const AugmentRule& rule, const ClipRounds& rounds, float* y,
             int64_t batch) {
  for (int v = 0; v < rounds.count; ++v) {
    for (int64_t b = 0; b < batch; ++b) {
      float* const result = y + (v * batch + b) * rule.length;
      const int64_t row = rows.row(b);
      const bool has = rows.has(row);
      const ClipKey key = has ? rounds.key(v, rows.id(row)) : ClipKey{};
      const ClipPlan plan = plan_of(rule, key);
      const double scale = has ? set.wave[row].scale : 0, deviation = scale > 0 ? 1 / scale : 0;  // a constant clip has none
#pragma omp parallel for
      for (int64_t i = 0; i < rule.length; ++i) {
        result[i] = has ? static_cast<float>(sample_of(set.pcm + row * rule.samples, deviation, rule, plan, key, i)) : NAN;
      }
    }
  }
}

template void augment(Reference, const ClipSet<float>&, const ClipRows&, const AugmentRule&, const ClipRounds&, float*, int64_t);
template void augment(Reference, const ClipSet<int16_t>&, const ClipRows&, const AugmentRule&, const ClipRounds&, float*,
                      int64_t);

}  // namespace cudenza::kernels
