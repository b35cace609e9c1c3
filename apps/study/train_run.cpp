#include "apps/study/train_run.h"

#include <algorithm>
#include <chrono>

#include "apps/study/run_card.h"
#include "apps/study/session_options.h"
#include "apps/study/train_setup.h"
#include "engine/io/atomic_file.h"
#include "engine/report/report.h"
#include "engine/run/run_folder.h"
#include "engine/run/run_seal.h"
#include "engine/train/train_state.h"

namespace cudenza {
namespace {

namespace fs = std::filesystem;

void write_split_files(const fs::path& run, const LabelledRows& data) {
  std::vector<SplitRow> rows;
  const auto add = [&](const std::vector<int>& items, const char* name) {
    for (const int item : data.usable(items)) {
      const Item& one = data.dataset.items[static_cast<size_t>(item)];
      rows.push_back({one.path, data.dataset.class_of(one), name});
    }
  };
  add(data.split.train, "train");
  add(data.split.valid, "valid");
  add(data.split.test, "test");
  write_splits(run, rows);
}

/// Judges the best weights by the clips kept for it, and leaves everything a reader may want in the run's directory.
ModelCard finish(TrainSetup& setup, const fs::path& run, const Session& session, const Trainer& trainer, double seconds) {
  Ranks& ranks = *setup.compute.ranks;
  setup.use_all_layers();
  if (ranks.is_first()) read_state(Hdf5File(run / "best.h5"), *setup.model.network);
  for (const NamedTensor& one : setup.model.network->state_dict()) ranks.broadcast(one.tensor);
  const Split& split = setup.data.split;
  const EvaluateSpec spec{.batch_size = setup.recipe.batch_size, .tta = setup.recipe.tta, .ranks = &ranks};
  const auto judge_part = [&](const std::vector<int>& items, const char* name) {
    return judge_items(setup.model, *setup.input, setup.data, items, name, spec);
  };
  const Judgement valid = judge_part(split.valid, "valid");
  const std::vector<double> logs = logs_of(valid.predictions.scored());
  setup.model.temperature = fit_temperature({logs, valid.predictions.labels, static_cast<int64_t>(setup.model.classes.size())});
  Judgement judged = setup.data.usable(split.test).empty() ? valid : judge_part(split.test, "test");
  judged.split_leaks = judged.split == "valid" && split.valid_is_drawn;
  judged.leak = leak_sentence(*judged.split_leaks);
  if (!ranks.is_first()) return {};
  session.rewrite_best();  // with the temperature
  write_judgement(run, judged, setup.data, setup.model.input, {}, setup.observer);
  const ModelCard card = card_of({.model = setup.model,
                                  .data = setup.data,
                                  .judged = judged,
                                  .recipe = setup.recipe,
                                  .options = setup.options,
                                  .compute = setup.compute,
                                  .device = setup.device,
                                  .dtype = setup.dtype,
                                  .phases = trainer.phases(),
                                  .history = session.history(),
                                  .best_epoch = session.best_epoch(),
                                  .seconds = seconds});
  write_model_card(run, card);
  seal_run(run);
  write_report(run);
  setup.observer.say(text_of(judged, setup.model.temperature));
  setup.observer.say(fmt::format("report: {}", (run / "report.html").string()));
  return card;
}

/// How many of these files can be used, and how many clips they were cut into where that is more.
std::string files_and_clips(const LabelledRows& data, std::span<const int> items) {
  const std::vector<int> usable = data.usable(items);
  const size_t clips = data.rows_of(usable).size();
  return clips == usable.size() ? fmt::format("{} files", clips) : fmt::format("{} files ({} clips)", usable.size(), clips);
}

void say_what_is_trained(const TrainSetup& setup, Trainer& trainer) {
  const LabelledRows& data = setup.data;
  const Tensor& rows = data.rows.data;
  setup.observer.say(fmt::format("{} on {}: {} to learn from, {} to validate on, {} classes; {} on {}; {:.0f} MiB of data as {}",
                                 setup.model.arch, setup.options.data, files_and_clips(data, data.split.train),
                                 files_and_clips(data, data.split.valid), setup.model.classes.size(), name_of(setup.dtype),
                                 setup.device, static_cast<double>(rows.bytes()) / (1024 * 1024), rows.dtype()));
  say_ranks(trainer, setup.recipe, setup.observer);
  say_columns(setup.observer);
}

/// From a setup and an empty or a saved state to a run that can be stopped and gone on with.
void begin_or_resume(Session& session, Trainer& trainer, const TrainSetup& setup, const fs::path& last) {
  const fs::path run = setup.options.out;
  const bool writes = setup.compute.ranks->is_first();
  if (writes) unseal_run(run);
  if (writes) write_split_files(run, setup.data);  // first: it is what makes the folder known as a run's
  if (last.empty()) session.begin();
  else session.resume(Hdf5File(last));
  if (!setup.options.minutes) trainer.set_epochs(setup.recipe.epochs);
  if (writes) write_atomically(run / "config.toml", setup.identity.options);  // last: where it is, the run can be resumed
}

}  // namespace

bool is_finished(const fs::path& run) { return fs::exists(run / "model_card.json") && fs::exists(run / "best.h5"); }

ModelCard train_run(const RunLock&, const TrainPlan& plan, Observer& observer) {
  const auto start = std::chrono::steady_clock::now();
  const fs::path run = plan.options.out, last = plan.goes_on() ? run / "last.h5" : fs::path();
  TrainSetup setup(plan.compute, plan.options, observer);
  setup.prepare_run(last, plan.identity);
  setup.identity.options = plan.config;

  Recipe recipe = setup.recipe;
  recipe.epochs = plan.epochs_so_far.value_or(recipe.epochs);
  if (plan.options.minutes && !last.empty()) recipe.epochs = saved_epochs(Hdf5File(last));
  Trainer trainer(setup.trainer_parts(), recipe);
  if (setup.dtype == DType::f16) trainer.optimizer().use_loss_scale();
  const auto write = [&](Hdf5File& file) {
    write_model(file, setup.model);
    write_identity(file, setup.identity);
  };
  Session session({.trainer = trainer,
                   .network = *setup.model.network,
                   .input = *setup.kept,
                   .random = *setup.model.random,
                   .validation = setup.data.validation(setup.data.split.valid),
                   .write_model = write},
                  session_options(setup.options, setup.recipe, trainer, observer));
  begin_or_resume(session, trainer, setup, last);
  say_what_is_trained(setup, trainer);
  session.run();
  if (session.stopped_early())
    observer.say(fmt::format("stopped: {} epochs without a lower validation loss", setup.recipe.patience));
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  return finish(setup, run, session, trainer, passed.count());
}

}  // namespace cudenza
