#include "engine/train/phases.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"

namespace cudenza {
namespace {

constexpr double kLrMult = 100;  // fastai: head's learning rate / first group's

Schedule schedule_of(Plan plan) {
  if (plan == Plan::one_cycle) return OneCycle{};
  if (plan == Plan::cosine) return CosineWithWarmup{};
  return ConstantRate{};
}

/// The head first, so that its random beginning does not pull at what the body has learnt. (Kumar et al.: Fine-Tuning can
/// Distort Pretrained Features and Underperform Out-of-Distribution; ICLR 2022)
std::vector<Phase> transfer_phases(const Recipe& recipe, int groups) {
  std::vector<Phase> phases;
  const auto add = [&](const char* name, int epochs, int first, double peak) {
    std::vector<double> lrs;
    for (int g = 0; g < groups; ++g) lrs.push_back(peak * std::pow(recipe.stage_decay, groups - 1 - g));
    phases.push_back({.name = name,
                      .epochs = epochs,
                      .first_trained_group = first,
                      .lrs = lrs,
                      .schedule = CosineWithWarmup{.warmup = 0.1},
                      .norms_frozen = true});
  };
  const int head = groups - 1, tuned = std::min(recipe.frozen_stages, head);
  if (tuned == head) add("head", recipe.epochs, head, recipe.lr);
  else if (recipe.freeze_epochs > 0) add("head", recipe.freeze_epochs, head, recipe.lr);
  for (int round = 0; round < recipe.rounds && tuned < head; ++round) add("upper stages", recipe.epochs, tuned, recipe.tuning_lr);
  return phases;
}

}  // namespace

ScheduleValue value_at(const Schedule& schedule, double progress) {
  struct Ask {
    double progress;
    ScheduleValue operator()(const OneCycle& spec) const { return one_cycle(progress, spec); }
    ScheduleValue operator()(const CosineWithWarmup& spec) const { return cosine_with_warmup(progress, spec); }
    ScheduleValue operator()(ConstantRate) const { return constant_rate(); }
  };
  return std::visit(Ask{progress}, schedule);
}

std::vector<Phase> phases_of(const Recipe& recipe, int groups) {
  recipe.check();
  if (recipe.plan == Plan::transfer) return transfer_phases(recipe, groups);
  std::vector<Phase> phases;
  const bool tunes = recipe.plan == Plan::fine_tune;
  if (tunes && recipe.freeze_epochs > 0) {
    phases.push_back({.name = "head",
                      .epochs = recipe.freeze_epochs,
                      .first_trained_group = groups - 1,
                      .lrs = head_rates(recipe.lr, groups),
                      .schedule = OneCycle{.pct_start = 0.99, .div = 25}});
  }
  for (int round = 0; round < recipe.rounds; ++round) {
    const std::string name = recipe.rounds == 1 ? "all" : fmt::format("all, round {}", round + 1);
    const double peak = recipe.lr / 2;
    if (tunes) phases.push_back({name, recipe.epochs, 0, geometric_rates(peak / kLrMult, peak, groups), OneCycle{0.3, 5}});
    else phases.push_back({name, recipe.epochs, 0, std::vector<double>(groups, recipe.lr), schedule_of(recipe.plan)});
  }
  return phases;
}

OptimizerMethod method_of(const Recipe& recipe) {
  const bool nesterov = recipe.optimizer == OptimizerKind::nesterov;
  if (recipe.optimizer == OptimizerKind::adam) return Adam{.lr = recipe.lr, .weight_decay = recipe.weight_decay};
  if (recipe.optimizer == OptimizerKind::adamw) return AdamW{.lr = recipe.lr, .weight_decay = recipe.weight_decay};
  return Sgd{.lr = recipe.lr, .momentum = 0.9, .weight_decay = recipe.weight_decay, .nesterov = nesterov};
}

}  // namespace cudenza
