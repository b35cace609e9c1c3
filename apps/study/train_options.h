/// What can be said about a training, where the defaults are not wanted.
#pragma once
#include <optional>
#include <string>

#include "engine/data/split.h"
#include "engine/train/input_spec.h"
#include "engine/train/recipe.h"

namespace cudenza {

/// Pictures by formula in the place of data (engine/data/formula/formula_pictures.h).
struct FormulaOptions {
  std::string pictures = "both";
  int classes = 200, per_class = 20;
};

struct TrainOptions {
  std::string data, out, resume;
  std::string arch = "resnet34", weights, recipe = "study";
  std::optional<std::string> input_scale;  ///< what `weights` were trained with: torch, caffe or tf (weights/input_scale.h)
  bool keep_head = false;
  std::string split = "auto", split_dir;
  bool strict = false, log_steps = false, sync_batch_norm = false;
  std::string order = "shuffled", gradient_wire = "f32";
  std::optional<double> minutes;  ///< of training: the last phase is as long as fits (time_plan.h)
  int workers = 0;

  // What the recipe says unless told otherwise.
  std::optional<std::string> plan, optimizer, head;
  std::optional<int> epochs, freeze_epochs, rounds, batch_size, accumulate, patience, tta, frozen_stages, draws, parts,
      image_size;
  std::optional<double> lr, tuning_lr, stage_decay, weight_decay, max_norm, mixup, label_smoothing, drop_path, ema, gain, shift,
      crop;
  std::optional<bool> noise, cutout, specaugment;

  std::string preset = "seed";
  std::optional<std::string> normalize;
  std::optional<int> sample_rate;
  std::optional<double> clip;
  bool one_channel = false;
  std::optional<FormulaOptions> formula;  ///< of a pretraining, which has no data

  /// The recipe with these changes. Throws UsageError for values that make no sense.
  Recipe make_recipe() const;
  /// The input without statistics; clip_seconds is 0 unless `clip` is given.
  InputSpec make_input(Media) const;
};

}  // namespace cudenza
