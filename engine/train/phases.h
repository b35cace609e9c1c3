/// A recipe spelled out: which groups train when, at what rates.
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

/// What holds before the batch at `progress` = batches done / batches of the phase.
ScheduleValue value_at(const Schedule&, double progress);

/// Epochs under one schedule. At its beginning groups are frozen or freed and the optimizer's moments are cleared, as
/// fastai's freeze() and unfreeze() do.
struct Phase {
  std::string name;
  int epochs = 0;
  int first_trained_group = 0;  ///< the groups before it are frozen, but for their normalisations
  std::vector<double> lrs;      ///< peak rate of each group
  Schedule schedule;
};

/// fine_tune: the head for freeze_epochs at lr (the normalisations below it at lr / 10), pct_start 0.99, div 25; then everything
/// at lr / 2 in equal ratios from a hundredth of that to that, pct_start 0.3, div 5. The other plans: everything at lr.
std::vector<Phase> phases_of(const Recipe&, int groups);

/// The optimizer a recipe asks for. Adam is fastai's, AdamW has PyTorch's defaults.
OptimizerMethod method_of(const Recipe&);

}  // namespace cudenza
