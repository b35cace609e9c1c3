#include "engine/train/recipe.h"

#include <algorithm>
#include <span>
#include <utility>

#include "engine/core/error.h"

namespace cudenza {
namespace {

template <class T> using Named = std::pair<std::string_view, T>;

constexpr Named<Plan> kPlans[] = {
    {"fine_tune", Plan::fine_tune}, {"one_cycle", Plan::one_cycle}, {"cosine", Plan::cosine}, {"constant", Plan::constant}};
constexpr Named<OptimizerKind> kOptimizers[] = {{"adam", OptimizerKind::adam},
                                                {"adamw", OptimizerKind::adamw},
                                                {"sgd", OptimizerKind::sgd},
                                                {"nesterov", OptimizerKind::nesterov}};

template <class T> T find(std::span<const Named<T>> choices, std::string_view name, std::string_view what) {
  std::string list;
  for (const auto& [known, value] : choices) {
    if (known == name) return value;
    list += list.empty() ? known : fmt::format(" {}", known);
  }
  throw UsageError(fmt::format("there is no {} '{}'; choose one of: {}", what, name, list));
}

template <class T> std::string_view name_in(std::span<const Named<T>> choices, T value) {
  return std::ranges::find(choices, value, &Named<T>::second)->first;
}

}  // namespace

std::string_view name_of(Plan plan) { return name_in<Plan>(kPlans, plan); }
Plan plan_from_name(std::string_view name) { return find<Plan>(kPlans, name, "plan"); }
std::string_view name_of(OptimizerKind kind) { return name_in<OptimizerKind>(kOptimizers, kind); }
OptimizerKind optimizer_from_name(std::string_view name) { return find<OptimizerKind>(kOptimizers, name, "optimizer"); }

const std::vector<std::string>& Recipe::preset_names() {
  static const std::vector<std::string> names = {"study", "study-plus", "scratch", "quick"};
  return names;
}

Recipe Recipe::preset(std::string_view name) {
  Recipe recipe;
  recipe.name = name;
  if (name == "study") return recipe;
  if (name == "study-plus") {
    recipe.rounds = 2;
    recipe.mixup = 0.4;
    recipe.noise = recipe.cutout = true;
    recipe.tta = 8;
    return recipe;
  }
  if (name == "scratch") {
    recipe.plan = Plan::one_cycle;
    recipe.epochs = 40;
    recipe.lr = 3e-3;
    recipe.batch_size = 32;
    return recipe;
  }
  if (name == "quick") {
    recipe.plan = Plan::one_cycle;
    recipe.epochs = 5;
    recipe.lr = 3e-3;
    recipe.batch_size = 32;
    return recipe;
  }
  throw UsageError(fmt::format("there is no recipe '{}'; choose one of: {}", name, fmt::join(preset_names(), " ")));
}

void Recipe::check() const {
  require(epochs > 0, "--epochs is {}, but must be at least 1", epochs);
  require(freeze_epochs >= 0, "--freeze-epochs is {}, but must not be negative", freeze_epochs);
  require(rounds > 0, "--rounds is {}, but must be at least 1", rounds);
  require(lr > 0, "--lr is {}, but must be positive (0.01 is the study's)", lr);
  require(batch_size > 0, "--batch-size is {}, but must be at least 1", batch_size);
  require(accumulate > 0, "--accumulate is {}, but must be at least 1", accumulate);
  require(weight_decay >= 0, "--weight-decay is {}, but must not be negative", weight_decay);
  require(max_norm >= 0, "--max-norm is {}, but must not be negative; 0 switches clipping off", max_norm);
  require(mixup >= 0, "--mixup is {}, but must not be negative; 0 switches it off", mixup);
  require(label_smoothing >= 0 && label_smoothing < 1, "--label-smoothing is {}, but must lie in [0, 1)", label_smoothing);
  require(drop_path >= 0 && drop_path < 1, "--drop-path is {}, but must lie in [0, 1)", drop_path);
  require(ema >= 0 && ema < 1, "--ema is {}, but must lie in [0, 1); 0 switches it off", ema);
  require(patience >= 0, "--patience is {}, but must not be negative; 0 never stops early", patience);
  require(gain >= 0 && gain <= 60, "--gain is {} dB, but must lie in [0, 60]", gain);
  require(shift >= 0 && shift <= 1, "--shift is {}, but is a fraction of the clip, in [0, 1]", shift);
  require(crop >= 0, "--crop is {}, but must not be negative; 0 takes the whole clip", crop);
  require(tta >= 0 && tta <= 64, "--tta is {}, but must lie in 0 … 64", tta);
}

}  // namespace cudenza
