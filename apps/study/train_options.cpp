#include "apps/study/train_options.h"

#include "engine/core/error.h"

namespace cudenza {
namespace {

template <class T> void take(T& field, const std::optional<T>& given) {
  if (given) field = *given;
}

}  // namespace

Recipe TrainOptions::make_recipe() const {
  Recipe r = Recipe::preset(recipe);
  if (plan) r.plan = plan_from_name(*plan);
  if (optimizer) r.optimizer = optimizer_from_name(*optimizer);
  take(r.epochs, epochs);
  take(r.freeze_epochs, freeze_epochs);
  take(r.rounds, rounds);
  take(r.batch_size, batch_size);
  take(r.accumulate, accumulate);
  take(r.head, head);
  take(r.frozen_stages, frozen_stages);
  take(r.draws, draws);
  take(r.tuning_lr, tuning_lr);
  take(r.stage_decay, stage_decay);
  take(r.patience, patience);
  take(r.tta, tta);
  take(r.lr, lr);
  take(r.weight_decay, weight_decay);
  take(r.max_norm, max_norm);
  take(r.mixup, mixup);
  take(r.label_smoothing, label_smoothing);
  take(r.drop_path, drop_path);
  take(r.ema, ema);
  take(r.gain, gain);
  take(r.shift, shift);
  take(r.crop, crop);
  take(r.parts, parts);
  take(r.noise, noise);
  take(r.cutout, cutout);
  take(r.specaugment, specaugment);
  r.fixed_order = order == "fixed";
  r.sync_batch_norm = sync_batch_norm;
  r.gradient_wire = gradient_wire == "bf16" ? DType::bf16 : DType::f32;
  r.check();
  require(!minutes || *minutes > 0, "`minutes` is {}, but must be positive", *minutes);
  require(!minutes || (!epochs && r.rounds == 1), "`minutes` decides how many epochs there are: leave `epochs` and `rounds` out");
  return r;
}

InputSpec TrainOptions::make_input(Media media) const {
  InputSpec spec{.media = media, .preset = preset};
  spec.mel = MelSpec::preset(preset);
  take(spec.mel.sample_rate, sample_rate);
  const Recipe r = make_recipe();
  if (media == Media::pictures) {
    spec.picture.height = r.picture_height;
    spec.picture.width = r.crop > 0 ? r.picture_width : r.picture_width / r.parts;
  }
  if (image_size) spec.picture.height = spec.picture.width = *image_size;
  spec.picture.channels = one_channel ? 1 : 3;
  spec.normalize = normalize_from_name(normalize.value_or(media == Media::sound ? "global" : "imagenet"));
  spec.clip_seconds = clip.value_or(0);
  require(!clip || *clip > 0, "`clip` is {} seconds, but must be positive", *clip);
  return spec;
}

}  // namespace cudenza
