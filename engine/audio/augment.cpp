#include "engine/audio/augment.h"

#include <algorithm>
#include <cmath>

#include "engine/core/dispatch.h"
#include "kernels/augment/augment.h"
#include "kernels/mel/mel.h"
#include "kernels/spec_augment/spec_augment.h"

namespace cudenza {
namespace {

using kernels::AugmentRule;
using kernels::ClipRounds;
using kernels::kClipPack;
using kernels::Rounds;

constexpr int64_t kMostSamples = (int64_t{1} << 31) - (1 << 13);  // 13 hours at 44.1 kHz: positions are 32-bit

void check_part(std::string_view name, double value, std::string_view what) {
  require(value >= 0 && value <= 1, "augment: {} is {}, but must lie in [0, 1]: it is {}", name, value, what);
}

/// Probability p in units of 2^-24, rounded up so that p > 0 can happen.
uint32_t chance_of(double p) { return static_cast<uint32_t>(std::ceil(p * 0x1p24)); }

/// Where the kept part may begin: at random positions, or centred.
AugmentRule crop_rule(int64_t samples, int64_t length, bool at_random) {
  const int64_t spare = samples - length, places = std::abs(spare) / kClipPack;  // spare < 0: the crop begins before the clip
  AugmentRule rule{.samples = static_cast<int32_t>(samples), .length = static_cast<int32_t>(length)};
  rule.crop_first = static_cast<int32_t>(at_random ? (spare < 0 ? -places : 0) : spare / 2 / kClipPack);
  rule.crop_places = static_cast<int32_t>(at_random ? places + 1 : 1);
  return rule;
}

AugmentRule rule_of(const AugmentSpec& spec, const ResidentClips& clips) {
  const int64_t length = clips.length(spec);
  AugmentRule rule = crop_rule(clips.samples(), length, true);
  rule.shift_chance = chance_of(spec.shift_p);
  rule.shift_most = std::min(static_cast<int32_t>(spec.shift_max * static_cast<double>(clips.samples()) / kClipPack),
                             (rule.circle() - 1) / 2);  // a larger shift equals one the other way
  rule.noise_chance = chance_of(spec.noise_p);
  rule.noise_most = static_cast<float>(spec.noise_max);
  rule.gain_chance = spec.gain_db > 0 ? chance_of(spec.gain_p) : 0;
  rule.gain_most = static_cast<float>(spec.gain_db * std::log(10.0) / 20);
  rule.cutout_chance = chance_of(spec.cutout_p);
  rule.cutout_most = static_cast<int32_t>(spec.cutout_max * static_cast<double>(length));
  return rule;
}

void check_crop(const ResidentClips& clips, int64_t crop) {
  require(crop >= 0 && crop <= kMostSamples, "augment: a crop of {} samples of a clip of {}; choose 1 to {}, or 0 for all of it",
          crop, clips.samples(), kMostSamples);
}

/// Checks `rows`; returns the batch size.
int64_t checked_batch(const ResidentClips& clips, const Tensor& rows) {
  if (!rows.defined()) return clips.rows();
  require(rows.dtype() == DType::i64 && rows.shape().rank() == 1, "augment: rows must be i64 [B], but are {} {}", rows.dtype(),
          rows.shape());
  require(rows.device() == clips.device(), "augment: rows on {} cannot name clips on {}; move them with .to()", rows.device(),
          clips.device());
  if (rows.device().is_cpu()) {  // not checked on a GPU: reading back would stall it
    for (const int64_t row : rows.span<int64_t>())
      require(row >= 0 && row < clips.rows(), "augment: row {} is outside the set of {} clips", row, clips.rows());
  }
  return rows.numel();
}

kernels::ClipRows rows_of(const ResidentClips& clips, const Tensor& rows) {
  return {.rows = rows.defined() ? rows.data<int64_t>() : nullptr,
          .ids = clips.ids().defined() ? clips.ids().data<int64_t>() : nullptr,
          .set = clips.rows()};
}

ClipRounds epoch_of(const AugmentKey& key, Device device) {
  if (!key.epoch.defined()) return {.seed = key.seed, .rounds = Rounds::epochs};
  require(key.epoch.dtype() == DType::u32 && key.epoch.numel() == 1 && key.epoch.device() == device,
          "augment: the epoch must be one u32 on {}, but is {} {} on {}", device, key.epoch.dtype(), key.epoch.shape(),
          key.epoch.device());
  return {.seed = key.seed, .rounds = Rounds::epochs, .epoch = key.epoch.data<uint32_t>()};
}

ClipRounds variants_of(uint64_t seed, int n, int first) {
  constexpr int kMost = 512;  // their plans are kept in shared memory
  require(n >= 1 && n <= kMost && first >= 0, "tta_variants: {} variants from number {} on; choose 1 to {} from 0 on", n, first,
          int{kMost});
  return {.seed = seed, .rounds = Rounds::variants, .first = static_cast<uint32_t>(first), .count = n};
}

Tensor made(const ResidentClips& clips, const Tensor& rows, const AugmentRule& rule, const ClipRounds& rounds) {
  const int64_t batch = checked_batch(clips, rows);
  const Tensor y = Tensor::empty({rounds.count * batch, rule.length}, DType::f32, clips.device());
  on_device(clips.device(), [&](auto where) {
    const auto run = [&]<class X>() {
      const kernels::ClipSet<X> set{clips.pcm().data<X>(),
                                    reinterpret_cast<const kernels::Affine<float>*>(clips.wave().data<float>())};
      kernels::augment(where, set, rows_of(clips, rows), rule, rounds, y.data<float>(), batch);
    };
    if (clips.pcm().dtype() == DType::i16) run.template operator()<int16_t>();
    else run.template operator()<float>();
  });
  return y;
}

void mask(const LogMel::Unclamped& mel, const ResidentClips& clips, const Tensor& rows, const SpecMasks& masks,
          const ClipRounds& rounds) {
  const Tensor& x = mel.mel_db;
  const int64_t batch = checked_batch(clips, rows);
  require(x.shape().rank() == 3 && x.size(0) == rounds.count * batch && x.dtype() == DType::f32 && x.device() == clips.device(),
          "spec_augment: {} spectrograms must be f32 [{},bands,frames] on {}, but are {} {} on {}", rounds.count * batch,
          rounds.count * batch, clips.device(), x.dtype(), x.shape(), x.device());
  require(masks.frames >= 0 && masks.bands >= 0, "spec_augment: masks of up to {} frames and {} bands; choose 0 (none) or more",
          masks.frames, masks.bands);
  kernels::MaskRule rule{.bands = static_cast<int32_t>(x.size(1)), .frames = static_cast<int32_t>(x.size(2))};
  rule.bands_most = std::min(masks.bands, rule.bands);
  rule.frames_most = std::min(masks.frames, rule.frames);
  const float* const floor = mel.floor.defined() ? mel.floor.data<float>() : nullptr;
  on_device(clips.device(),
            [&](auto where) { kernels::spec_augment(where, rule, rows_of(clips, rows), rounds, floor, x.data<float>(), batch); });
}

}  // namespace

void AugmentSpec::check() const {
  check_part("shift_p", shift_p, "a probability");
  check_part("shift_max", shift_max, "a part of the clip");
  check_part("noise_p", noise_p, "a probability");
  require(noise_max >= 0 && noise_max <= 1e3, "augment: noise_max is {}, but must be 0 to 1000 standard deviations", noise_max);
  check_part("gain_p", gain_p, "a probability");
  require(gain_db >= 0 && gain_db <= 120, "augment: gain_db is {}, but must be 0 to 120 decibels", gain_db);
  check_part("cutout_p", cutout_p, "a probability");
  check_part("cutout_max", cutout_max, "a part of the clip");
}

ResidentClips::ResidentClips(const Tensor& pcm, const Tensor& ids) : pcm_(pcm) {
  require(pcm.shape().rank() == 2 && pcm.numel() > 0 && (pcm.dtype() == DType::i16 || pcm.dtype() == DType::f32),
          "augment: clips must be i16 or f32 [R,samples] and not empty, but are {} {}", pcm.dtype(), pcm.shape());
  require(pcm.size(1) <= kMostSamples, "augment: clips of {} samples are longer than the {} that are served", pcm.size(1),
          kMostSamples);
  if (ids.defined()) name(ids);
  wave_ = Tensor::empty({pcm.size(0), 2}, DType::f32, pcm.device());
  auto* const wave = reinterpret_cast<kernels::Affine<float>*>(wave_.data<float>());
  on_device(pcm.device(), [&](auto where) {
    if (pcm.dtype() == DType::i16) kernels::standardise_wave(where, pcm.data<int16_t>(), wave, pcm.size(0), pcm.size(1));
    else kernels::standardise_wave(where, pcm.data<float>(), wave, pcm.size(0), pcm.size(1));
  });
}

void ResidentClips::name(const Tensor& ids) {
  require(ids.dtype() == DType::i64 && ids.shape() == Shape{pcm_.size(0)} && ids.device() == pcm_.device(),
          "augment: ids must be i64 [{}] on {}, but are {} {} on {}", pcm_.size(0), pcm_.device(), ids.dtype(), ids.shape(),
          ids.device());
  ids_ = ids;
}

ResidentClips ResidentClips::named(const Tensor& ids) const {
  ResidentClips clips = *this;
  clips.name(ids);
  return clips;
}

Tensor augment(const ResidentClips& clips, const Tensor& rows, const AugmentSpec& spec, const AugmentKey& key) {
  spec.check();
  check_crop(clips, spec.crop);
  return made(clips, rows, rule_of(spec, clips), epoch_of(key, clips.device()));
}

Tensor take_clips(const ResidentClips& clips, const Tensor& rows, int64_t crop) {
  check_crop(clips, crop);
  return made(clips, rows, crop_rule(clips.samples(), crop > 0 ? crop : clips.samples(), false),
              {.seed = 0, .rounds = Rounds::epochs});
}

Tensor tta_variants(const ResidentClips& clips, const Tensor& rows, const AugmentSpec& spec, uint64_t seed, int n, int first) {
  spec.check();
  check_crop(clips, spec.crop);
  return made(clips, rows, rule_of(spec, clips), variants_of(seed, n, first));
}

void spec_augment(const LogMel::Unclamped& mel, const ResidentClips& clips, const Tensor& rows, const SpecMasks& masks,
                  const AugmentKey& key) {
  mask(mel, clips, rows, masks, epoch_of(key, clips.device()));
}

void spec_augment_variants(const LogMel::Unclamped& mel, const ResidentClips& clips, const Tensor& rows, const SpecMasks& masks,
                           uint64_t seed, int n, int first) {
  mask(mel, clips, rows, masks, variants_of(seed, n, first));
}

}  // namespace cudenza
