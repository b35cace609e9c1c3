/// What happens to one clip, and to one pack of its samples: shared by the CPU loop and the kernel.
#pragma once
#include "kernels/augment/augment.h"
#include "kernels/common/normal.h"

namespace cudenza::kernels {

/// The draws of one clip in one round.
struct ClipPlan {
  int32_t start;               ///< packs from the clip's beginning, in [0, circle)
  int32_t cut_begin, cut_end;  ///< samples of the result that are set to zero
  float level;                 ///< of the noise, in standard deviations; 0: none
  float gain;
};

/// n brought into [0, circle). REQUIRES -circle <= n < 2 circle.
HOST_DEVICE int32_t on_circle(int32_t n, int32_t circle) { return n < 0 ? n + circle : (n < circle ? n : n - circle); }

/// Every draw has a word of its own, whether it is used or not: nothing depends on what happened before.
HOST_DEVICE ClipPlan plan_of(const AugmentRule& rule, const ClipKey& key) {
  const Random4 alter = clip_words(key, Purpose::plan, 0), place = clip_words(key, Purpose::plan, 1),
                loud = clip_words(key, Purpose::plan, 2);
  ClipPlan plan{0, 0, 0, 0, 1};
  if (happens(alter.word[0], rule.noise_chance)) plan.level = rule.noise_most * uniform_of(alter.word[1]);
  if (rule.cutout_most > 0 && happens(alter.word[2], rule.cutout_chance)) {
    const int32_t size = 1 + uniform_below(alter.word[3], rule.cutout_most);
    plan.cut_begin = uniform_below(place.word[0], rule.length - size + 1);
    plan.cut_end = plan.cut_begin + size;
  }
  plan.start = on_circle(rule.crop_first + uniform_below(place.word[1], rule.crop_places), rule.circle());
  if (happens(place.word[2], rule.shift_chance)) {
    const int32_t shift = uniform_below(place.word[3], 2 * rule.shift_most + 1) - rule.shift_most;
    plan.start = on_circle(plan.start + shift, rule.circle());
  }
  if (happens(loud.word[0], rule.gain_chance)) plan.gain = same_exp(rule.gain_most * (2 * uniform_of(loud.word[1]) - 1));
  return plan;
}

/// The numbers by which a plan alters samples as they are stored: y = x·scale + N(0,1)·noise.
struct Alteration {
  float scale, noise;
};

template <class X> HOST_DEVICE Alteration alteration_of(const ClipPlan& plan, const Affine<float>& wave) {
  const float scale = plan.gain * (sizeof(X) == 2 ? 1.0f / 32768 : 1.0f);
  return {scale, wave.scale > 0 ? plan.level / wave.scale * scale : 0.0f};  // a constant clip has deviation 0
}

HOST_DEVICE float altered(float x, float normal, const Alteration& by) { return fused(normal, by.noise, x * by.scale); }

}  // namespace cudenza::kernels
