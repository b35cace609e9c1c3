#include "apps/study/pretrain_run.h"

#include "apps/study/build_info.h"
#include "apps/study/formula_input.h"
#include "apps/study/model_file.h"
#include "apps/study/session_options.h"
#include "engine/io/atomic_file.h"
#include "engine/run/run_seal.h"
#include "engine/train/session.h"
#include "engine/train/train_state.h"

namespace cudenza {
namespace {

namespace fs = std::filesystem;

/// What a pretraining is made of.
struct Setup {
  Setup(const TrainPlan&, Observer&);

  std::shared_ptr<Ranks> ranks;

  Validation held_out() const;
  Trainer::Parts trainer_parts();
  /// New weights, or those of the run in `last`.
  void make_network(uint64_t seed, const fs::path& last);

  Device device;
  DType dtype;
  Recipe recipe;
  FormulaPictures pictures;
  FormulaInput input;
  std::vector<int64_t> labels;  ///< of every row
  Model model;
  RunIdentity identity;
};

FormulaSpec spec_of(const TrainPlan& plan) {
  const FormulaOptions formula = plan.options.formula.value_or(FormulaOptions{});
  return {.pictures = formula_kind_from_name(formula.pictures),
          .classes = formula.classes,
          .per_class = formula.per_class,
          .side = plan.options.make_input(Media::pictures).picture.height,
          .seed = plan.compute.seed};
}

std::string origin_of(const FormulaSpec& spec) {
  const std::string what = spec.pictures == FormulaKind::fractals ? "fractals"
                           : spec.pictures == FormulaKind::music  ? "spectrograms of synthetic music"
                                                                  : "fractals and spectrograms of synthetic music";
  return fmt::format("pretrained by cudenza {} on formula-driven pictures: {}, {} classes, seed {}", build_info().version, what,
                     spec.classes, spec.seed);
}

Setup::Setup(const TrainPlan& plan, Observer& observer)
    : ranks(plan.compute.ranks),
      device(plan.compute.chosen_device()),
      dtype(study_type(plan.compute, device)),
      recipe(plan.options.make_recipe()),
      pictures(spec_of(plan),
               [&](int64_t done, int64_t total) {
                 observer.progress("songs", done, total, "");
                 if (observer.interrupted()) throw Stopped("stopped before training began; the same command begins it anew");
               }),
      input(pictures, device, dtype) {
  for (int64_t row = 0; row < pictures.rows(); ++row) labels.push_back(pictures.label_of(row));
  model.arch = plan.options.arch;
  model.classes = pictures.classes();
  model.input = plan.options.make_input(Media::pictures);
  model.license = "none is needed: made by formula, without anybody's data";
  model.origin = origin_of(pictures.spec());
  identity.options = plan.config;
  identity.classes = model.classes;
}

void Setup::make_network(uint64_t seed, const fs::path& last) {
  begin_anew(model, recipe, seed);
  if (!last.empty()) read_state(Hdf5File(last), *model.network);
  model.network->to(device);
}

Validation Setup::held_out() const {
  Validation validation;
  for (int64_t row = 0; row < pictures.rows(); ++row) {
    if (!pictures.is_held_out(row)) continue;
    validation.rows.push_back(row);
    validation.file.push_back(static_cast<int>(validation.labels.size()));
    validation.labels.push_back(labels[static_cast<size_t>(row)]);
  }
  return validation;
}

Trainer::Parts Setup::trainer_parts() {
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < pictures.rows(); ++row) {
    if (!pictures.is_held_out(row)) rows.push_back(row);
  }
  return {.network = *model.network,
          .groups = model.network->parameter_groups(),
          .input = input,
          .labels = labels,
          .rows = rows,
          .random = model.random,
          .on_phase = {},
          .ranks = ranks};
}

/// Refuses to go on where this version's formulas have other classes than those that the run learns.
void refuse_difference(const TrainPlan& plan, const RunIdentity& now) {
  const std::string what = plan.identity ? difference(*plan.identity, now) : "";
  if (!what.empty())
    throw DataError(
        fmt::format("{}: since the run began, {}: go on with the version of cudenza that began it", plan.options.out, what));
}

void say_what_is_trained(const Setup& setup, Trainer& trainer, Observer& observer) {
  const FormulaSpec& spec = setup.pictures.spec();
  const int64_t held_out = FormulaPictures::kHeldOut * spec.classes;
  observer.say(fmt::format("{} on {} classes of pictures by formula ({}), {} x {}: {} an epoch, {} held out; {} on {}",
                           setup.model.arch, spec.classes, name_of(spec.pictures), spec.side, spec.side,
                           setup.pictures.rows() - held_out, held_out, name_of(setup.dtype), setup.device));
  say_ranks(trainer, setup.recipe, observer);
  say_columns(observer);
}

void say_result(const Setup& setup, const Session& session, const fs::path& run, Observer& observer) {
  if (session.best_epoch() < 0) return;
  const EpochRow& best = session.history()[static_cast<size_t>(session.best_epoch())];
  observer.say(fmt::format("{:.1f} % of the held-out pictures in epoch {}; by chance {:.1f} %", 100 * best.accuracy, best.epoch,
                           100.0 / setup.pictures.spec().classes));
  observer.say(fmt::format("to go on from here: cudenza train DATA --model {} --weights {} --recipe transfer --out RUN",
                           setup.model.arch, (run / "best.h5").string()));
}

}  // namespace

void pretrain_run(const RunLock&, const TrainPlan& plan, Observer& observer) {
  const fs::path run = plan.options.out, last = plan.goes_on() ? run / "last.h5" : fs::path();
  Setup setup(plan, observer);
  refuse_difference(plan, setup.identity);
  setup.make_network(plan.compute.seed, last);
  Recipe recipe = setup.recipe;
  recipe.epochs = plan.epochs_so_far.value_or(recipe.epochs);
  if (plan.options.minutes && !last.empty()) recipe.epochs = saved_epochs(Hdf5File(last));
  Trainer trainer(setup.trainer_parts(), recipe);
  if (setup.dtype == DType::f16) trainer.optimizer().use_loss_scale();
  Session session({.trainer = trainer,
                   .network = *setup.model.network,
                   .input = setup.input,
                   .random = *setup.model.random,
                   .validation = setup.held_out(),
                   .write_model =
                       [&](Hdf5File& file) {
                         write_model(file, setup.model);
                         write_identity(file, setup.identity);
                       }},
                  session_options(plan.options, setup.recipe, trainer, observer));
  const bool writes = setup.ranks->is_first();
  if (writes) unseal_run(run);
  if (writes) write_schedule(run, {});  // first: it is what makes the folder known as a run's
  if (last.empty()) session.begin();
  else session.resume(Hdf5File(last));
  if (!plan.options.minutes) trainer.set_epochs(setup.recipe.epochs);
  if (writes) write_atomically(run / "config.toml", plan.config);  // last: where it is, the run can be resumed
  say_what_is_trained(setup, trainer, observer);
  session.run();
  if (!writes) return;
  seal_run(run);
  say_result(setup, session, run, observer);
}

}  // namespace cudenza
