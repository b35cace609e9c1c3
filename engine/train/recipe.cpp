#include "engine/train/recipe.h"

#include "engine/core/error.h"
#include "engine/core/name_table.h"

namespace cudenza {
namespace {

constexpr NameTable kPlans("plan", {std::pair{Plan::fine_tune, "fine_tune"},
                                    {Plan::one_cycle, "one_cycle"},
                                    {Plan::cosine, "cosine"},
                                    {Plan::constant, "constant"},
                                    {Plan::transfer, "transfer"}});
constexpr NameTable kOptimizers("optimizer", {std::pair{OptimizerKind::adam, "adam"},
                                              {OptimizerKind::adamw, "adamw"},
                                              {OptimizerKind::sgd, "sgd"},
                                              {OptimizerKind::nesterov, "nesterov"}});

}  // namespace

std::string_view name_of(Plan plan) { return kPlans.name_of(plan); }
Plan plan_from_name(std::string_view name) { return kPlans.value_of(name); }
std::string_view name_of(OptimizerKind kind) { return kOptimizers.name_of(kind); }
OptimizerKind optimizer_from_name(std::string_view name) { return kOptimizers.value_of(name); }

const std::vector<std::string>& Recipe::preset_names() {
  static const std::vector<std::string> names = {"study", "study-plus", "transfer", "scratch", "quick", "pretrain"};
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
  if (name == "transfer") {
    recipe.plan = Plan::transfer;
    recipe.head = "pyramid";
    recipe.optimizer = OptimizerKind::adamw;
    // Ridge regression on frozen features is hard to beat with some hundred clips: tuning blocks 4 and 5 of VGG16 from there, at
    // three rates, did not (GTZAN, fault-filtered). So nothing below the head trains unless `frozen_stages` is lowered.
    recipe.freeze_epochs = 1;
    recipe.epochs = 1;
    recipe.frozen_stages = 5;
    recipe.draws = 1;
    recipe.lr = 1e-5;
    recipe.tuning_lr = 1e-4;
    recipe.batch_size = 32;
    recipe.weight_decay = 0.05;
    recipe.ema = 0.98;
    recipe.mixup = 0.4;
    recipe.parts = 4;
    recipe.picture_height = 448;  // somewhat more than GTZAN's pictures have
    recipe.picture_width = 592;
    return recipe;
  }
  if (name == "scratch") {
    recipe.plan = Plan::one_cycle;
    recipe.epochs = 40;
    recipe.lr = 3e-3;
    recipe.batch_size = 32;
    return recipe;
  }
  if (name == "pretrain") {
    recipe.plan = Plan::one_cycle;
    recipe.epochs = 30;
    recipe.optimizer = OptimizerKind::adamw;
    recipe.lr = 5e-4;
    recipe.weight_decay = 0.05;
    recipe.head = "pyramid";  // as in transfer: what the last four stages make of a picture is to tell its class
    recipe.picture_height = recipe.picture_width = 112;  // four times as many pictures in the same time as of 224
    return recipe;
  }
  if (name == "quick") {
    recipe.plan = Plan::one_cycle;
    recipe.epochs = 5;
    recipe.lr = 3e-3;
    recipe.batch_size = 32;
    return recipe;
  }
  throw_unknown_name("recipe", name, std::vector<std::string_view>(preset_names().begin(), preset_names().end()));
}

void Recipe::check() const {
  require(epochs > 0, "`epochs` is {}, but must be at least 1", epochs);
  require(freeze_epochs >= 0, "`freeze_epochs` is {}, but must not be negative", freeze_epochs);
  require(rounds > 0, "`rounds` is {}, but must be at least 1", rounds);
  require(lr > 0, "`lr` is {}, but must be positive (0.01 is the study's)", lr);
  require(tuning_lr > 0, "`tuning_lr` is {}, but must be positive", tuning_lr);
  require(stage_decay > 0 && stage_decay <= 1, "`stage_decay` is {}, but must lie in (0, 1]", stage_decay);
  require(frozen_stages >= 0, "`frozen_stages` is {}, but must not be negative", frozen_stages);
  require(draws > 0 && draws <= 64, "`draws` is {}, but must lie in 1 … 64", draws);
  require(batch_size > 0, "`batch_size` is {}, but must be at least 1", batch_size);
  require(accumulate > 0, "`accumulate` is {}, but must be at least 1", accumulate);
  require(gradient_wire == DType::f32 || gradient_wire == DType::bf16,
          "`gradient_wire` is {}, but must be f32 or bf16, which has its range", gradient_wire);
  require(weight_decay >= 0, "`weight_decay` is {}, but must not be negative", weight_decay);
  require(max_norm >= 0, "`max_norm` is {}, but must not be negative; 0 switches clipping off", max_norm);
  require(mixup >= 0, "`mixup` is {}, but must not be negative; 0 switches it off", mixup);
  require(label_smoothing >= 0 && label_smoothing < 1, "`label_smoothing` is {}, but must lie in [0, 1)", label_smoothing);
  require(drop_path >= 0 && drop_path < 1, "`drop_path` is {}, but must lie in [0, 1)", drop_path);
  require(ema >= 0 && ema < 1, "`ema` is {}, but must lie in [0, 1); 0 switches it off", ema);
  require(patience >= 0, "`patience` is {}, but must not be negative; 0 never stops early", patience);
  require(gain >= 0 && gain <= 60, "`gain` is {} dB, but must lie in [0, 60]", gain);
  require(shift >= 0 && shift <= 1, "`shift` is {}, but is a fraction of the clip, in [0, 1]", shift);
  require(crop >= 0, "`crop` is {}, but must not be negative; 0 takes the whole clip", crop);
  require(parts >= 1 && parts <= 64, "`parts` is {}, but must lie in 1 … 64; 1 takes the whole clip", parts);
  require(tta >= 0 && tta <= 64, "`tta` is {}, but must lie in 0 … 64", tta);
}

}  // namespace cudenza
