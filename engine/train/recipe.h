/// How a network is trained, as data: what the command line sets, what a run directory keeps, what presets name.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace cudenza {

/// The order in which learning rates and frozen parts follow each other.
enum class Plan {
  fine_tune,  ///< fastai's fine_tune: the head alone, then everything with rates that grow towards the head
  one_cycle,  ///< everything at one rate, up and down once
  cosine,     ///< warm-up, then half a cosine down
  constant,
};

enum class OptimizerKind { adam, adamw, sgd, nesterov };

struct Recipe {
  std::string name = "study";
  Plan plan = Plan::fine_tune;
  int epochs = 10;        ///< a round
  int freeze_epochs = 1;  ///< of the head alone, before them (fine_tune)
  int rounds = 1;         ///< cycles over everything; the later ones begin where the one before ended
  double lr = 0.01;       ///< fine_tune's base_lr; the peak rate of the other plans

  int batch_size = 64;
  int accumulate = 1;  ///< batches whose gradients are averaged into one step
  OptimizerKind optimizer = OptimizerKind::adam;
  double weight_decay = 0.01;
  double max_norm = 0;  ///< gradients are scaled down to this L2 norm; 0: never

  double mixup = 0;  ///< Beta(a, a) of the mixing weights; 0: none
  double label_smoothing = 0;
  double drop_path = 0;  ///< stochastic depth (ResNet-RS)
  double ema = 0;        ///< decay of the average of the weights that is evaluated and kept; 0: the weights themselves
  int patience = 0;      ///< epochs without a better validation loss until training stops; 0: never

  bool noise = false, cutout = false, specaugment = false;  ///< METHOD's augmentations, each with its own probability
  double gain = 0;                                          ///< ± decibels
  double shift = 0;                                         ///< largest circular shift in time, a fraction of the clip
  double crop = 0;  ///< seconds heard of each clip, part of each picture's width seen; 0: all
  int tta = 0;      ///< augmented passes at evaluation; 0: the plain pass alone

  bool fixed_order = false;  ///< no shuffling: the training list's own order, every epoch

  bool operator==(const Recipe&) const = default;

  /// "study", "study-plus", "scratch" or "quick". Throws UsageError naming the choices.
  static Recipe preset(std::string_view name);
  static const std::vector<std::string>& preset_names();
  /// Throws UsageError naming the value and the remedy if it cannot be trained so.
  void check() const;
};

std::string_view name_of(Plan);
Plan plan_from_name(std::string_view);
std::string_view name_of(OptimizerKind);
OptimizerKind optimizer_from_name(std::string_view);

}  // namespace cudenza
