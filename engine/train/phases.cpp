#include "engine/train/phases.h"

#include "engine/core/error.h"

namespace cudenza {
namespace {

constexpr double kLrMult = 100;  // fastai: head's learning rate / first group's

Schedule schedule_of(Plan plan) {
  if (plan == Plan::one_cycle) return OneCycle{};
  if (plan == Plan::cosine) return CosineWithWarmup{};
  return ConstantRate{};
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
