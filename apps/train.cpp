/// cudenza train: from a data set to a run directory with a model, its history and a report.
#include <algorithm>
#include <ctime>

#include "apps/build_info.h"
#include "apps/exit_code.h"
#include "apps/interrupt.h"
#include "apps/judge_run.h"
#include "apps/progress.h"
#include "apps/run_card.h"
#include "apps/train_options.h"
#include "engine/io/atomic_file.h"
#include "engine/train/report.h"
#include "engine/train/clip_input.h"

namespace cudenza {
namespace {

namespace fs = std::filesystem;

/// Everything a run is made of, in the order it comes into being.
struct Run {
  const Common& common;
  TrainOptions options;
  fs::path folder;
  Device device;
  DType dtype;
  Recipe recipe = {};
  LabelledRows data = {};
  Model model = {};
  std::unique_ptr<Input> input = nullptr;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();

  bool resumes() const { return !options.resume.empty(); }
};

void say(const Run& run, const std::string& line) {
  if (!run.common.quiet) fmt::print(stderr, "{}\n", line);
}

/// Reads the data set and decides what the network hears of it.
void prepare_data(Run& run) {
  open_and_split(run.data, {run.options.data, run.options.split, run.options.split_dir}, run.common.seed, run.common.quiet);
  const Split& split = run.data.split;
  std::vector<int> items;
  for (const auto* part : {&split.train, &split.valid, &split.test}) items.insert(items.end(), part->begin(), part->end());
  std::ranges::sort(items);
  InputSpec& input = run.model.input;
  input = run.options.make_input(run.data.dataset.media);
  if (input.media == Media::sound && input.clip_seconds == 0) input.clip_seconds = longest_seconds(run.data.dataset, items, 30);
  input.crop_seconds = run.recipe.crop < input.clip_seconds ? run.recipe.crop : 0;
  input.check();
  load(run.data, items, input, run.options.workers, run.options.strict, run.common.quiet);
  if (run.data.usable(split.train).empty() || run.data.usable(split.valid).empty()) {
    throw DataError(fmt::format("{}: {} clips to train on and {} to validate on can be used: both are needed", run.options.data,
                                run.data.usable(split.train).size(), run.data.usable(split.valid).size()));
  }
}

/// Statistics of the training clips, or those that the run began with.
void prepare_input(Run& run) {
  InputSpec& input = run.model.input;
  const bool wants = input.normalize == Normalize::global || input.normalize == Normalize::bin;
  if (run.resumes()) input.statistics = read_input_spec(Hdf5File(run.folder / "last.h5")).statistics;
  else if (wants) input.statistics = measure(run.data.rows.data, input.mel, run.data.rows_of(run.data.split.train));
  run.input = make_input(run.data.rows, input, run.recipe, run.device, run.dtype, run.common.seed);
}

void prepare_network(Run& run) {
  Model& model = run.model;
  model.arch = run.options.arch;
  model.head = head_from_name(run.options.head);
  model.classes = run.data.dataset.classes;
  model.random = std::make_shared<Generator>(run.common.seed);
  model.network = make_network(model.arch, {.classes = static_cast<int>(model.classes.size()),
                                            .in_channels = model.input.picture.channels,
                                            .head = model.head,
                                            .drop_path = run.recipe.drop_path,
                                            .random = model.random});
  if (run.resumes()) {
    read_state(Hdf5File(run.folder / "last.h5"), *model.network);
  } else {
    Generator initial(run.common.seed);
    model.network->initialize(initial);
    if (!run.options.weights.empty()) {
      const LoadReport report = begin_with(model, run.options.weights, run.options.keep_head);
      say(run, fmt::format("{}: {}", run.options.weights, report.text()));
    }
  }
  model.network->to(run.device);
}

/// The options that made the run, for --config, for --resume and for people.
void write_config(const Run& run, const CLI::App& program) {
  write_atomically(run.folder / "config.toml", program.config_to_str(false, false));
}

void write_split_files(const Run& run) {
  const Dataset& dataset = run.data.dataset;
  std::vector<SplitRow> rows;
  const auto add = [&](const std::vector<int>& items, const char* name) {
    for (const int item : run.data.usable(items)) {
      const Item& one = dataset.items[static_cast<size_t>(item)];
      rows.push_back({one.path, dataset.class_of(one), name});
    }
  };
  add(run.data.split.train, "train");
  add(run.data.split.valid, "valid");
  add(run.data.split.test, "test");
  write_splits(run.folder, rows);
}

/// A bar for the batches and a line for each epoch.
Session::Options session_options(Run& run, const Trainer& trainer, Progress& bar) {
  Session::Options o{.run = run.folder,
                     .batch_size = run.recipe.batch_size,
                     .log_steps = run.options.log_steps,
                     .patience = run.recipe.patience};
  o.interrupted = interrupted;
  o.on_step = [&](const Trainer::Step& step) {
    bar.show(step.at.batch + 1, fmt::format("epoch {}/{}  loss {:.4f}", step.at.epoch + 1, trainer.epochs(), step.loss));
  };
  o.on_epoch = [&](const EpochRow& row, bool is_best) {
    bar.clear();
    const auto seconds = static_cast<int>(row.time + 0.5);
    say(run, fmt::format("{:>5} {:>12.6f} {:>12.6f} {:>10.6f} {:>5}:{:02}{}", row.epoch, row.train_loss, row.valid_loss, row.accuracy,
                         seconds / 60, seconds % 60, is_best ? "  best" : ""));
  };
  return o;
}

/// Judges the best weights by the clips kept for it, and leaves everything a reader may want in the run's directory.
void finish(Run& run, const Session& session, const Trainer& trainer) {
  read_state(Hdf5File(run.folder / "best.h5"), *run.model.network);
  const Split& split = run.data.split;
  const EvaluateSpec spec{.batch_size = run.recipe.batch_size, .tta = run.recipe.tta};
  const Judgement valid = judge_items(run.model, *run.input, run.data, split.valid, "valid", spec);
  run.model.temperature = fit_temperature({logs_of(valid.predictions.scored()), valid.predictions.labels,
                                           static_cast<int64_t>(run.model.classes.size())});
  const Judgement judged = run.data.usable(split.test).empty()
                               ? valid
                               : judge_items(run.model, *run.input, run.data, split.test, "test", spec);
  Hdf5File::create(run.folder / "best.h5", [&](Hdf5File& file) { write_model(file, run.model); });
  write_judgement(run.folder, judged, run.data, run.model.input);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - run.start).count();
  write_model_card(run.folder, card_of({.model = run.model,
                                        .data = run.data,
                                        .judged = judged,
                                        .recipe = run.recipe,
                                        .options = run.options,
                                        .common = run.common,
                                        .device = run.device,
                                        .dtype = run.dtype,
                                        .phases = trainer.phases(),
                                        .history = session.history(),
                                        .best_epoch = session.best_epoch(),
                                        .seconds = seconds}));
  // write_report(run.folder);
  say(run, text_of(judged, run.model.temperature));
  say(run, fmt::format("report: {}", (run.folder / "report.html").string()));
}

void run_train(const CLI::App& program, const Common& given, TrainOptions options) {
  Common common = given;
  if (!options.resume.empty()) {
    const std::string folder = options.resume;
    options = read_run_options(folder, common);
    common.quiet = given.quiet;
    common.threads = given.threads;
    options.resume = options.out = folder;
  }
  require(!options.data.empty(), "train: which data? cudenza train DATA --model A --out RUN (or --resume RUN)");
  require(!options.out.empty(), "train: where to? Give --out RUN, a directory for weights, history and report");
  const Device device = common.chosen_device();
  Run run{.common = common, .options = options, .folder = options.out, .device = device, .dtype = choose_precision(common, device)};
  if (run.resumes() && !fs::exists(run.folder / "last.h5")) run.options.resume.clear();  // stopped before its first epoch
  require(run.resumes() || !options.resume.empty() || !fs::exists(run.folder / "last.h5"),
          "train: {} holds a run already: --resume {} continues it, another --out leaves it alone", options.out, options.out);
  run.recipe = options.make_recipe();
  watch_interrupts();
  prepare_data(run);
  if (options.resume.empty()) write_config(run, program);
  prepare_input(run);
  prepare_network(run);
  write_split_files(run);

  Trainer trainer({*run.model.network, run.model.network->parameter_groups(), *run.input, run.data.labels(),
                   run.data.rows_of(run.data.split.train), run.model.random},
                  run.recipe);
  if (run.dtype == DType::f16) trainer.optimizer().use_loss_scale();
  Progress bar("epoch", trainer.batches_per_epoch(), common.quiet);
  Session session({.trainer = trainer,
                   .network = *run.model.network,
                   .input = *run.input,
                   .random = *run.model.random,
                   .validation = run.data.validation(run.data.split.valid),
                   .write_model = [&](Hdf5File& file) { write_model(file, run.model); }},
                  session_options(run, trainer, bar));
  if (run.resumes()) session.resume(Hdf5File(run.folder / "last.h5"));
  say(run, fmt::format("{} on {}: {} clips to learn from, {} to validate on, {} classes; {} on {}", run.model.arch, run.options.data,
                       run.data.usable(run.data.split.train).size(), run.data.usable(run.data.split.valid).size(),
                       run.model.classes.size(), name_of(run.dtype), run.device));
  say(run, fmt::format("{:>5} {:>12} {:>12} {:>10} {:>8}", "epoch", "train_loss", "valid_loss", "accuracy", "time"));
  try {
    session.run();
  } catch (const Stopped& stopped) {
    bar.clear();
    throw Interrupted(stopped.what());
  }
  if (session.stopped_early()) say(run, fmt::format("stopped: {} epochs without a lower validation loss", run.recipe.patience));
  finish(run, session, trainer);
}

}  // namespace

void add_train(CLI::App& program, const Common& common) {
  CLI::App* verb = program.add_subcommand("train", "Trains a network on a data set, or fine-tunes one from given weights");
  const auto options = std::make_shared<TrainOptions>();
  add_train_options(verb, *options, true);
  verb->callback([&program, &common, options] { run_train(program, common, *options); });
}

}  // namespace cudenza
