#include "apps/verbs/train_flags.h"

#include <fmt/ranges.h>

#include "engine/train/recipe.h"
#include "models/registry.h"

namespace cudenza {
namespace {

/// --name and --no-name.
void add_switch(CLI::App* verb, const std::string& name, std::optional<bool>& given, const std::string& description) {
  verb->add_flag_function(
      fmt::format("--{0},!--no-{0}", name), [&given](int64_t count) { given = count > 0; }, description);
}

void add_model_option(CLI::App* verb, TrainOptions& o) {
  verb->add_option("--model", o.arch, fmt::format("{}", fmt::join(network_names(), " ")))->capture_default_str();
}

void add_head_option(CLI::App* verb, TrainOptions& o, const std::string& description) {
  verb->add_option("--head", o.head, description)->check(CLI::IsMember({"linear", "fastai", "pyramid"}));
}

/// `what_may_differ` of a run that goes on.
void add_run_options(CLI::App* verb, TrainOptions& o, const std::string& what_may_differ) {
  verb->add_option("--out", o.out, "the run's directory: weights, history and what else a training leaves");
  verb->add_option("--resume", o.resume,
                   "go on with the run in this directory, exactly where it stopped; --epochs (the rates become those of the "
                   "longer or shorter run), " +
                       what_may_differ);
  verb->add_flag("--log-steps", o.log_steps, "write the loss of every step to steps.csv");
}

/// Options of the rates and of what is minimised, which every way of training has.
void add_learning_options(CLI::App* verb, TrainOptions& o) {
  verb->add_option("--epochs", o.epochs, "of a round");
  verb->add_option("--minutes", o.minutes,
                   "train for about so long: the last phase gets the epochs that fit, and rates that fall towards their end");
  verb->add_option("--batch-size", o.batch_size, "of all processes together");
  verb->add_option("--accumulate", o.accumulate, "batches a step");
  verb->add_flag("--sync-batch-norm", o.sync_batch_norm,
                 "where mpirun or srun starts several processes: batch norms go by the whole batch, as one process's do, not by "
                 "each process's part of it");
  verb->add_option("--gradient-wire", o.gradient_wire,
                   "what several processes send each other's gradients in: f32, or bf16 for half of the bytes")
      ->check(CLI::IsMember({"f32", "bf16"}))
      ->capture_default_str();
  verb->add_option("--lr", o.lr, "base learning rate");
  verb->add_option("--optimizer", o.optimizer, "adam, adamw, sgd or nesterov");
  verb->add_option("--weight-decay", o.weight_decay);
  verb->add_option("--max-norm", o.max_norm, "clip gradients to this L2 norm");
  verb->add_option("--mixup", o.mixup, "mix clips with weights from Beta(A, A); the study's A is 0.4");
  verb->add_option("--label-smoothing", o.label_smoothing);
  verb->add_option("--drop-path", o.drop_path, "stochastic depth (resnetrs50)");
  verb->add_option("--ema", o.ema, "evaluate an average of the weights with this decay");
  verb->add_option("--patience", o.patience, "stop after so many epochs without a lower validation loss");
}

void add_recipe_options(CLI::App* verb, TrainOptions& o) {
  verb->add_option("--recipe", o.recipe, fmt::format("{}", fmt::join(Recipe::preset_names(), ", ")))
      ->check(CLI::IsMember(Recipe::preset_names()))
      ->capture_default_str();
  verb->add_option("--plan", o.plan, "fine_tune, one_cycle, cosine, constant or transfer");
  add_learning_options(verb, o);
  verb->add_option("--freeze-epochs", o.freeze_epochs, "of the head alone, before");
  verb->add_option("--rounds", o.rounds, "cycles over everything");
  verb->add_option("--tuning-lr", o.tuning_lr, "the head's learning rate once stages of the body train too (plan transfer)");
  verb->add_option("--stage-decay", o.stage_decay, "a stage's learning rate / that of the stage above it (plan transfer)");
  verb->add_option("--frozen-stages", o.frozen_stages, "stages from the input on that never train (plan transfer)");
  verb->add_option("--draws", o.draws, "augmented pictures kept of each clip for what does not train (plan transfer)");
  add_switch(verb, "noise", o.noise, "white noise on every other clip");
  add_switch(verb, "cutout", o.cutout, "up to 15 % of every other clip silent");
  add_switch(verb, "specaugment", o.specaugment, "a block of frames and one of bands masked");
  verb->add_option("--gain", o.gain, "up to this many decibels louder or softer");
  verb->add_option("--shift", o.shift, "turned in time by up to this part of the clip");
  verb->add_option("--crop", o.crop,
                   "hear so many seconds of each clip (of pictures: see such a part of the width, 0.25 say): another place every "
                   "epoch, all of them when judged");
  verb->add_option("--parts", o.parts, "see each clip in so many equal parts, judged together; --crop goes before it");
  verb->add_option("--tta", o.tta, "augmented passes at evaluation");
  verb->add_option("--order", o.order, "shuffled, or fixed: the training list's own")
      ->check(CLI::IsMember({"shuffled", "fixed"}))
      ->capture_default_str();
}

void add_input_options(CLI::App* verb, TrainOptions& o) {
  verb->add_option("--preset", o.preset, "spectrograms: seed (the study's) or torchaudio")->capture_default_str();
  verb->add_option("--sample-rate", o.sample_rate, "Hz; the preset's without");
  verb->add_option("--clip", o.clip, "seconds of a clip: shorter ones repeat, longer ones are cut; the longest up to 30 without");
  verb->add_option("--normalize", o.normalize, "none, global, bin, clip or imagenet");
  verb->add_option("--image-size", o.image_size, "side of the picture that the network sees; the recipe's without");
  verb->add_flag("--one-channel", o.one_channel, "feed one channel instead of three equal ones");
}

void add_data_options(CLI::App* verb, TrainOptions& o) {
  verb->add_option("data", o.data,
                   "a folder with a sub-folder a class, perhaps in train, val and test, or a CSV path,label[,split][,track]");
  verb->add_option("--split", o.split, "random:FRACTION, stratified:FRACTION, column, or auto: the data's own, else random:0.2")
      ->capture_default_str();
  verb->add_option("--split-dir", o.split_dir, "a folder with lists train*.txt valid*.txt [test*.txt]");
  verb->add_flag("--strict", o.strict, "end at the first bad file instead of leaving it out");
  verb->add_option("--workers", o.workers, "threads that decode; 0 is one a core")->capture_default_str();
}

}  // namespace

void add_train_options(CLI::App* verb, TrainOptions& o, bool with_run) {
  add_data_options(verb, o);
  add_model_option(verb, o);
  verb->add_option(
      "--weights", o.weights,
      "begin with this file: ImageNet's weights, a model trained here, or a .pth, .safetensors, .onnx or Keras .h5 file");
  verb->add_option("--input-scale", o.input_scale,
                   "what those weights were trained with, if not torch (`weights convert --help`)")
      ->check(CLI::IsMember({"torch", "caffe", "tf"}));
  verb->add_flag("--keep-head", o.keep_head, "take the file's head too");
  add_head_option(verb, o, "linear, fastai or pyramid; the recipe's without");
  if (with_run) add_run_options(verb, o, "--patience, --device, --threads and --workers may be others, DATA may have moved");
  add_recipe_options(verb, o);
  add_input_options(verb, o);
}

void add_pretrain_options(CLI::App* verb, TrainOptions& o) {
  o.recipe = "pretrain";
  FormulaOptions& formula = o.formula.emplace();
  add_model_option(verb, o);
  add_head_option(verb, o, "linear, fastai or pyramid; pyramid without. `train` brings its own");
  add_run_options(verb, o, "--patience, --device and --threads may be others");
  verb->add_option("--pictures", formula.pictures, "fractals, music, or both: half of the classes each")
      ->check(CLI::IsMember({"fractals", "music", "both"}))
      ->capture_default_str();
  verb->add_option("--classes", formula.classes, "systems of fractals and styles of music to tell apart")->capture_default_str();
  verb->add_option("--per-class", formula.per_class, "pictures of each class in an epoch, of music songs; two more are held out")
      ->capture_default_str();
  verb->add_option("--image-size", o.image_size, "side of the pictures; 112 without");
  add_learning_options(verb, o);
}

}  // namespace cudenza
