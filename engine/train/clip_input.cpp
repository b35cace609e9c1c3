#include "engine/train/clip_input.h"

#include <algorithm>
#include <cmath>

#include "engine/train/content_ids.h"

namespace cudenza {
namespace {

Tensor indices(std::span<const int64_t> rows, Device device) {
  return Tensor::from(rows, {static_cast<int64_t>(rows.size())}).to(device);
}

/// Number of crops that cover a row.
int crops_in(int64_t samples, int64_t crop) { return crop == 0 ? 1 : static_cast<int>((samples + crop - 1) / crop); }

PictureSpec with_dtype(PictureSpec spec, DType dtype) {
  spec.dtype = dtype;
  return spec;
}

}  // namespace

ClipChances clip_chances(const Recipe& recipe, const InputSpec& input) {
  ClipChances chances{.wave = {.shift_p = 0, .crop = input.crop_samples(), .noise_p = 0, .gain_p = 0, .cutout_p = 0},
                      .masks = {0, 0}};
  const AugmentSpec usual;
  if (recipe.shift > 0) chances.wave.shift_p = usual.shift_p, chances.wave.shift_max = recipe.shift;
  if (recipe.noise) chances.wave.noise_p = usual.noise_p;
  if (recipe.gain > 0) chances.wave.gain_p = usual.gain_p, chances.wave.gain_db = recipe.gain;
  if (recipe.cutout) chances.wave.cutout_p = usual.cutout_p;
  if (recipe.specaugment) chances.masks = SpecMasks{};
  return chances;
}

ClipInput::ClipInput(const Tensor& pcm, const InputSpec& spec, const ClipChances& chances, DType dtype, uint64_t seed)
    : clips_(pcm),
      chances_(chances),
      seed_(seed),
      crop_(spec.crop_samples()),
      views_(crops_in(pcm.size(1), crop_)),
      log_mel_(spec.mel, pcm.device()),
      picture_(with_dtype(spec.picture, dtype), spec.normalize, &spec.statistics, pcm.device()) {}

Tensor ClipInput::training(const Batch& batch) {
  const AugmentKey key{seed_, batch.epoch};
  const LogMel::Unclamped mel = log_mel_.unclamped(augment(clips_, batch.rows, chances_.wave, key));
  if (chances_.masks != SpecMasks{0, 0}) spec_augment(mel, clips_, batch.rows, chances_.masks, key);
  return picture_(mel);
}

/// The rows' crops, [rows·views, crop].
Tensor ClipInput::windows(std::span<const int64_t> rows) const {
  const int64_t samples = clips_.samples(), spare = samples - crop_;
  const Tensor all = Tensor::empty({static_cast<int64_t>(rows.size()) * views_, crop_}, clips_.pcm().dtype(), device());
  int64_t at = 0;
  for (const int64_t row : rows) {
    for (int view = 0; view < views_; ++view, at += crop_) {
      const int64_t begin = views_ == 1 ? spare / 2 : spare * view / (views_ - 1);
      all.slice(at, {crop_}).copy_from(clips_.pcm().slice(row * samples + begin, {crop_}));
    }
  }
  return all;
}

Tensor ClipInput::plain(std::span<const int64_t> rows) {
  return picture_(log_mel_.unclamped(crop_ > 0 ? windows(rows) : take_clips(clips_, indices(rows, device()))));
}

Tensor ClipInput::variants(std::span<const int64_t> rows, int n) {
  if (!content_.defined()) content_ = content_ids(clips_.pcm());
  const ResidentClips clips = clips_.named(content_);
  const Tensor index = indices(rows, device());
  const LogMel::Unclamped mel = log_mel_.unclamped(tta_variants(clips, index, chances_.wave, seed_, n));
  if (chances_.masks != SpecMasks{0, 0}) spec_augment_variants(mel, clips, index, chances_.masks, seed_, n);
  return picture_(mel);
}

MelStatistics measure(const Tensor& pcm, const MelSpec& mel, std::span<const int64_t> rows, Ranks* ranks) {
  constexpr int64_t kTogether = 32;
  const LogMel log_mel(mel, pcm.device());
  const int64_t samples = pcm.size(1), count = std::ssize(rows), bands = mel.n_mels;
  const auto part = [&](int64_t batch) {
    const int64_t begin = batch * kTogether;
    return rows.subspan(static_cast<size_t>(begin), static_cast<size_t>(std::min(kTogether, count - begin)));
  };
  const Tensor moments = Tensor::zeros({(count + kTogether - 1) / kTogether, 2, bands}, DType::f64);
  const Share own = ranks ? ranks->share(moments.size(0)) : Share{0, moments.size(0)};
  for (int64_t b = own.begin; b < own.begin + own.count; ++b) {
    const Tensor batch = Tensor::empty({std::ssize(part(b)), samples}, pcm.dtype(), pcm.device());
    int64_t at = 0;
    for (const int64_t row : part(b)) batch.slice(samples * at++, {samples}).copy_from(pcm.slice(row * samples, {samples}));
    MelStatistics of_batch;
    of_batch.add(log_mel(batch));
    moments.slice(2 * b * bands, {bands}).copy_from(of_batch.saved_mean());
    moments.slice((2 * b + 1) * bands, {bands}).copy_from(of_batch.saved_variance());
  }
  if (ranks) ranks->gather(moments);
  MelStatistics statistics;
  for (int64_t b = 0; b < moments.size(0); ++b) {
    const Tensor clips = Tensor::full({1}, static_cast<double>(std::ssize(part(b))), DType::f64);
    statistics.add({clips, moments.slice(2 * b * bands, {bands}), moments.slice((2 * b + 1) * bands, {bands})});
  }
  return statistics;
}

}  // namespace cudenza
