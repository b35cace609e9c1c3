/// Augmented clips by the plain loops, from what a user of engine/audio/augment.h says.
#pragma once
#include <cmath>
#include <vector>

#include "engine/audio/augment.h"
#include "kernels/augment/augment.h"
#include "kernels/mel/mel.h"

namespace cudenza::testing {

/// Everything at once, everything often.
inline constexpr AugmentSpec kEveryAugmentation{.shift_p = 0.7,
                                                .shift_max = 0.3,
                                                .noise_p = 0.7,
                                                .noise_max = 0.5,
                                                .gain_p = 0.7,
                                                .gain_db = 6,
                                                .cutout_p = 0.7,
                                                .cutout_max = 0.3};

/// The kernel's rule for `spec`, as the formulas of kernels/augment/augment.h say it.
inline kernels::AugmentRule rule_for(const AugmentSpec& spec, int32_t samples) {
  const int32_t length = spec.crop > 0 ? static_cast<int32_t>(spec.crop) : samples, spare = samples - length;
  const auto chance = [](double p) { return static_cast<uint32_t>(std::ceil(p * 16777216)); };
  kernels::AugmentRule rule{.samples = samples, .length = length};
  rule.crop_first = spare < 0 ? spare / 4 : 0, rule.crop_places = std::abs(spare) / 4 + 1;
  rule.shift_chance = chance(spec.shift_p), rule.shift_most = static_cast<int32_t>(spec.shift_max * samples / 4);
  rule.noise_chance = chance(spec.noise_p), rule.noise_most = static_cast<float>(spec.noise_max);
  rule.gain_chance = chance(spec.gain_p), rule.gain_most = static_cast<float>(spec.gain_db / 20 * std::log(10));
  rule.cutout_chance = chance(spec.cutout_p), rule.cutout_most = static_cast<int32_t>(spec.cutout_max * length);
  return rule;
}

/// y [rounds.count · rows, length] of the clips pcm [R, samples] on the CPU. No rows: all of them.
template <class X>
Tensor augmented_as(const Tensor& pcm, const std::vector<int64_t>& rows, const AugmentSpec& spec,
                    const kernels::ClipRounds& rounds) {
  const int64_t set = pcm.size(0), samples = pcm.size(1), batch = rows.empty() ? set : std::ssize(rows);
  std::vector<kernels::Affine<float>> wave(static_cast<size_t>(set));
  kernels::standardise_wave(kernels::Reference{}, pcm.data<X>(), wave.data(), set, samples);
  const kernels::AugmentRule rule = rule_for(spec, static_cast<int32_t>(samples));
  const Tensor y = Tensor::empty({rounds.count * batch, rule.length}, DType::f32);
  kernels::augment(kernels::Reference{}, kernels::ClipSet<X>{pcm.data<X>(), wave.data()},
                   kernels::ClipRows{.rows = rows.empty() ? nullptr : rows.data(), .set = set}, rule, rounds, y.data<float>(),
                   batch);
  return y;
}
inline Tensor augmented(const Tensor& pcm, const std::vector<int64_t>& rows, const AugmentSpec& spec,
                        const kernels::ClipRounds& rounds) {
  return pcm.dtype() == DType::i16 ? augmented_as<int16_t>(pcm, rows, spec, rounds)
                                   : augmented_as<float>(pcm, rows, spec, rounds);
}

}  // namespace cudenza::testing
