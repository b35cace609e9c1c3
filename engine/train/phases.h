/// A recipe as a list of phases: which groups train when, at which learning rates.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "engine/optim/optimizer.h"
#include "engine/optim/schedule.h"
#include "engine/train/recipe.h"

namespace cudenza {

struct ConstantRate {};
using Schedule = std::variant<OneCycle, CosineWithWarmup, ConstantRate>;

/// Values for the batch at `progress` = batches done / batches of the phase.
ScheduleValue value_at(const Schedule&, double progress);

/// Epochs under one schedule. At the start of a phase, groups are frozen or unfrozen and the optimizer's moments are cleared,
/// as by fastai's freeze() and unfreeze().
struct Phase {
  std::string name;
  int epochs = 0;
  int first_trained_group = 0;  ///< the groups before it are frozen, except their normalisations
  std::vector<double> lrs;      ///< peak learning rate of each group
  Schedule schedule;
  bool norms_frozen = false;  ///< the frozen groups' normalisations, too: their layers may be left out of the training
};

/// fine_tune: first the head for freeze_epochs at lr (normalisations of other groups at lr / 10), pct_start 0.99, div 25;
/// then all groups, geometric from lr / 200 to lr / 2, pct_start 0.3, div 5. transfer: the head for freeze_epochs at lr; then for
/// `epochs` the stages (a group each) from frozen_stages on, the head at tuning_lr and each stage at stage_decay times the rate
/// above it; nothing below moves. If all stages are frozen: the head alone, for `epochs`. The other plans: all groups at lr.
std::vector<Phase> phases_of(const Recipe&, int groups);

/// The recipe's optimizer. Adam has fastai's defaults, AdamW PyTorch's.
OptimizerMethod method_of(const Recipe&);

}  // namespace cudenza
