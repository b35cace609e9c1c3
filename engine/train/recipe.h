/// Training options as data: set by the command line, stored in run directories, named by presets.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/dtype.h"

namespace cudenza {

/// The sequence of learning rates and frozen groups.
enum class Plan {
  fine_tune,  ///< fastai's fine_tune: the head alone, then all groups with learning rates that grow towards the head
  one_cycle,  ///< all groups at one learning rate, up and down once
  cosine,     ///< warm-up, then half a cosine down
  constant,
  transfer,  ///< the head alone on features that are computed once, then the upper stages at rates that fall with depth
};

enum class OptimizerKind { adam, adamw, sgd, nesterov };

struct Recipe {
  std::string name = "study";
  Plan plan = Plan::fine_tune;
  int epochs = 10;        ///< per round
  int freeze_epochs = 1;  ///< first, for the head alone (fine_tune, transfer)
  int rounds = 1;         ///< cycles over all groups; each starts from the result of the one before
  double lr = 0.01;       ///< fine_tune's base_lr; the peak learning rate of the other plans (transfer: while the head is alone)
  double tuning_lr = 3e-4;   ///< transfer: the head's peak learning rate once the body trains too
  double stage_decay = 0.5;  ///< transfer: a stage's learning rate / that of the stage above it
  int frozen_stages = 3;     ///< transfer: stages from the input on that never train; all: only the head trains
  int draws = 8;             ///< transfer: augmented pictures that are kept of each clip for what does not train

  int batch_size = 64;
  int accumulate = 1;  ///< batches whose gradients are averaged into one step
  OptimizerKind optimizer = OptimizerKind::adam;
  double weight_decay = 0.01;
  double max_norm = 0;  ///< clips the gradient's L2 norm; 0: no clipping

  bool sync_batch_norm = false;      ///< where several processes share a batch: statistics of all of it, not of each one's part
  DType gradient_wire = DType::f32;  ///< what their gradients are sent in: f32, or bf16 for half of the bytes

  double mixup = 0;  ///< Beta(a, a) of the mixing weights; 0: none
  double label_smoothing = 0;
  double drop_path = 0;  ///< stochastic depth (ResNet-RS)
  double ema = 0;        ///< decay of the moving average of the weights, which is evaluated and saved; 0: no average
  int patience = 0;      ///< stops after so many epochs without a lower validation loss; 0: never

  bool noise = false, cutout = false, specaugment = false;  ///< augmentations, each with its own probability
  double gain = 0;                                          ///< ± decibels
  double shift = 0;                                         ///< largest circular shift in time, as a fraction of the clip
  double crop = 0;  ///< size of the network's crops: seconds of a clip, fraction of a picture's width; 0: no crops
  int parts = 1;    ///< equal parts of a clip which the network sees one at a time, judged together; of sounds none
                    ///< is shorter than a second; `crop` goes before it
  int tta = 0;      ///< augmented passes at evaluation; 0: only the plain pass

  std::string head = "fastai";  ///< of the network: linear, fastai or pyramid
  int picture_height = 224;     ///< rows that the network sees of pictures (sounds: 224)
  int picture_width = 224;      ///< columns, of all parts together; with `crop`, of one crop

  bool fixed_order = false;  ///< no shuffling: every epoch uses the order of the training list

  bool operator==(const Recipe&) const = default;

  /// "study", "study-plus", "transfer", "scratch", "quick" or "pretrain". Throws UsageError naming the choices.
  static Recipe preset(std::string_view name);
  static const std::vector<std::string>& preset_names();
  /// Throws UsageError with the value and the remedy if an option is invalid.
  void check() const;
};

std::string_view name_of(Plan);
Plan plan_from_name(std::string_view);
std::string_view name_of(OptimizerKind);
OptimizerKind optimizer_from_name(std::string_view);

}  // namespace cudenza
