/// cudenza reproduce: the study's whole table, and what this engine adds to it, on one data set.
#include <algorithm>
#include <charconv>

#include "apps/cli/exit_code.h"
#include "apps/cli/interrupt.h"
#include "apps/cli/option_names.h"
#include "apps/cli/output.h"
#include "apps/cli/terminal.h"
#include "apps/study/evaluate_run.h"
#include "apps/study/study_table.h"
#include "apps/study/train_run.h"
#include "apps/verbs/reproduce_table.h"
#include "apps/verbs/resume.h"
#include "apps/verbs/train.h"
#include "apps/verbs/train_flags.h"
#include "engine/core/print_err.h"
#include "engine/data/dataset.h"
#include "engine/io/atomic_file.h"
#include "engine/report/report.h"
#include "engine/report/study_report.h"
#include "engine/run/run_folder.h"
#include "engine/run/run_seal.h"
#include "engine/train/trainer.h"
#include "models/registry.h"

namespace cudenza {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string data, weights, out, seeds = "1";
  bool stress = true;
  std::vector<std::string> networks, split_dirs;
  TrainOptions shared;  ///< sizes and lengths that a small machine may want to change
};

/// A split that the networks are trained and judged by.
struct NamedSplit {
  std::string name, folder;  ///< without a folder: drawn at random
};

/// Of DIR, the fault-filtered lists, and NAME=DIR.
NamedSplit split_of(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || fs::exists(text)) return {"fault-filtered", text};
  const std::string name = text.substr(0, equals);
  const bool is_name = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  require(is_name, "reproduce: --split-dir {}: '{}' names no split; take letters, digits, - and _", text, name);
  return {name, text.substr(equals + 1)};
}

std::vector<NamedSplit> splits_of(const Options& o) {
  constexpr size_t kMost = 9;  // plots that a study is known to have (run_folder.cpp)
  std::vector<NamedSplit> splits{{"random", ""}};
  for (const std::string& text : o.split_dirs) {
    const NamedSplit split = split_of(text);
    require(std::ranges::find(splits, split.name, &NamedSplit::name) == splits.end(),
            "reproduce: two splits are called {}; name the lists apart: --split-dir NAME={}", split.name, split.folder);
    splits.push_back(split);
  }
  require(splits.size() <= kMost, "reproduce: {} splits; {} fit on a page", splits.size(), kMost);
  return splits;
}

/// "3": so many from --seed on. "1,7,42": these.
std::vector<uint64_t> seeds_of(const std::string& text, uint64_t first) {
  constexpr uint64_t kMost = 100;
  std::vector<uint64_t> seeds;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    uint64_t number = 0;
    const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, number);
    require(error == std::errc() && stop == text.data() + end, "reproduce: --seeds {}: give their number, 3, or a list: 1,7,42",
            text);
    seeds.push_back(number);
    begin = end + 1;
  }
  if (seeds.size() == 1) {
    require(seeds[0] >= 1 && seeds[0] <= kMost, "reproduce: --seeds {}: choose 1 to {} runs of each line", text, kMost);
    const uint64_t count = seeds[0];
    seeds.clear();
    for (uint64_t k = 0; k < count; ++k) seeds.push_back(first + k);
  }
  std::vector<uint64_t> sorted = seeds;
  std::ranges::sort(sorted);
  require(std::ranges::adjacent_find(sorted) == sorted.end(), "reproduce: --seeds {}: a seed stands there twice", text);
  return seeds;
}

/// The options of one of the runs: enough to make it alone.
ConfigItems items_of_run(const Common& common, const TrainOptions& o) {
  ConfigItems items;
  const auto add = [&](std::vector<std::string> parents, const char* name, std::string value) {
    items.emplace_back();
    items.back().parents = std::move(parents), items.back().name = name, items.back().inputs = {std::move(value)};
  };
  const auto text = [&](const char* name, const std::string& value) {
    if (!value.empty()) add({"train"}, name, value);
  };
  add({}, "seed", fmt::format("{}", common.seed));
  add({}, "precision", common.precision);
  text("data", o.data);
  text("out", o.out);
  text("model", o.arch);
  text("recipe", o.recipe);
  text("head", o.make_recipe().head);
  text("split", o.split);
  text("weights", o.weights);
  text("split-dir", o.split_dir);
  // Spelled out, so that a run made with other values is found out where these are the recipe's own.
  const Recipe recipe = o.make_recipe();
  text("epochs", fmt::format("{}", recipe.epochs));
  text("batch-size", fmt::format("{}", recipe.batch_size));
  text("lr", fmt::format("{}", recipe.lr));
  text("plan", std::string(name_of(recipe.plan)));
  text("image-size", fmt::format("{}", o.image_size.value_or(224)));
  if (o.sample_rate) text("sample-rate", fmt::format("{}", *o.sample_rate));
  if (o.clip) text("clip", fmt::format("{}", *o.clip));
  return items;
}

/// Whether the run has come to its end on this data, for so many epochs. Throws UsageError if it was made with other options.
bool is_done(const fs::path& folder, const Common& common, const TrainOptions& options) {
  if (!is_finished(folder)) return false;
  if (!fs::exists(folder / "last.h5")) return true;  // taken away to save space
  const Resumption run = resume_of(kTrain, folder, common, items_of_run(common, options));
  return run.epochs == options.make_recipe().epochs &&
         (!run.identity || run.identity->data == fs::absolute(options.data).string());
}

/// What stress does to a finished run: as its stress.csv says, or tried now and left there and in its report.
std::vector<StressRow> stress_of(const fs::path& folder, const Common& common, const TrainOptions& options) {
  if (std::vector<StressRow> known = read_stress(folder); !known.empty()) return known;
  const EvalChoice choice{
      .run = folder, .data = options.data, .stress = true, .tta = options.make_recipe().tta, .workers = options.workers};
  Terminal terminal(common.quiet);
  const RunLock lock(folder);
  const Evaluation evaluation = evaluate_run(choice, common, terminal);
  unseal_run(folder);
  write_stress(folder, evaluation.stress);
  seal_run(folder);
  write_report(folder);
  return evaluation.stress;
}

bool hears_sounds(const ModelCard& card) {
  return std::ranges::find(card.input, std::pair<std::string, Fact>("kind", std::string("sound"))) != card.input.end();
}

StudyRow::Run run_one(const Common& common, const TrainOptions& options, bool stress) {
  const fs::path folder = options.out;
  ModelCard card;
  if (is_done(folder, common, options)) {
    check_seal(folder);
    card = read_model_card(folder);
  } else {
    TrainOptions own = options;
    if (fs::exists(folder / "last.h5")) own.resume = own.out;
    card = train(common, own, items_of_run(common, options));
  }
  double seconds = 0;
  for (const EpochRow& row : read_history(folder)) seconds += row.time;
  StudyRow::Run run{.seed = common.seed, .answers = read_predictions(folder).answers(), .seconds = seconds};
  if (stress && hears_sounds(card)) run.stress = stress_of(folder, common, options);
  return run;
}

/// Trains a line with every seed. Of runs that diverge a sentence is added to `diverged`; they have no result.
StudyRow run_line(const StudyLine& line, const NamedSplit& split, TrainOptions options, const Options& o, const Common& common,
                  std::vector<std::string>& diverged) {
  StudyRow row{.network = std::string(line.network),
               .split = split.name,
               .recipe = options.weights.empty() && line.recipe == "study" ? "one cycle" : std::string(line.label),
               .weights = options.weights.empty() ? "" : fs::path(options.weights).filename().string(),
               .split_leaks = split.folder.empty(),
               .runs = {},
               .study = {}};
  if (split.folder.empty()) row.study = Proportion{line.right, kStudyClips};
  for (const uint64_t seed : seeds_of(o.seeds, common.seed)) {
    Common seeded = common;
    seeded.seed = seed;
    options.out = (fs::path(o.out) / fmt::format("{}-{}-{}", line.arch, split.name, seed)).string();
    if (!common.quiet) print_err("\n{} ({}), {} split, seed {}\n", line.network, line.label, split.name, seed);
    try {
      row.runs.push_back(run_one(seeded, options, o.stress));
    } catch (const DivergedError& error) {
      diverged.push_back(
          fmt::format("{:<12} {:<15} seed {}: {}", line.network, split.name, seed, with_option_names(error.what())));
    } catch (const Stopped& stopped) {
      throw Interrupted(stopped.what());
    }
  }
  return row;
}

void run_reproduce(const Options& o, const Common& common) {
  require(!o.out.empty(), "reproduce: where to? Give --out DIR");
  check_run_folder("--out", o.out, o.data);
  const std::vector<NamedSplit> splits = splits_of(o);
  watch_interrupts();
  std::vector<StudyRow> rows;
  std::vector<std::string> diverged;
  for (const StudyLine& line : study_lines()) {
    if (!o.networks.empty() && std::ranges::find(o.networks, line.arch) == o.networks.end()) continue;
    for (const NamedSplit& split : splits) {
      TrainOptions options = options_of(line, o.shared, o.weights);
      options.data = o.data;
      options.split_dir = split.folder;
      const StudyRow row = run_line(line, split, options, o, common, diverged);
      if (row.runs.empty()) continue;
      rows.push_back(row);
      write_study_report(o.out, rows);  // what is done can be read while the rest is trained
    }
  }
  if (common.json) {
    print_json({{"rows", json_of(rows)}, {"diverged", diverged}});
  } else {
    print_out("{}", text_of(rows));
    for (const std::string& line : diverged) print_out("{}\n", line);
    if (!rows.empty()) print_out("report: {}\n", (fs::path(o.out) / "report.html").string());
  }
  if (!diverged.empty())
    throw DivergedError(fmt::format("{} of the runs diverged and have no result; give --lr a lower rate", diverged.size()));
}

}  // namespace

void add_reproduce(CLI::App& program, const Common& common) {
  CLI::App* verb =
      program.add_subcommand("reproduce", "The study's table: five networks, random and fault-filtered splits, one report");
  const auto o = std::make_shared<Options>();
  verb->add_option("data", o->data, "a folder with a sub-folder a genre")->required();
  verb->add_option("--weights", o->weights,
                   "a folder with alexnet.h5, vgg16.h5 … (cudenza weights fetch); others start from scratch");
  verb->add_option("--out", o->out, "a directory for the runs and the report; finished runs in it are not made again");
  verb->add_option("--split-dir", o->split_dirs,
                   "DIR: the fault-filtered lists; NAME=DIR: others; may be repeated; without: the random split alone")
      ->allow_extra_args(false);
  verb->add_option("--seeds", o->seeds, "runs of each line: their number, from --seed on, or a list: 1,7,42")
      ->capture_default_str();
  verb->add_flag("--stress,!--no-stress", o->stress, "sounds: each run again under stress, as eval --stress (default: yes)");
  verb->add_option("--networks", o->networks, "only these")->check(CLI::IsMember(network_names()))->delimiter(',');
  verb->add_option("--epochs", o->shared.epochs, "instead of the study's 10");
  verb->add_option("--batch-size", o->shared.batch_size);
  verb->add_option("--lr", o->shared.lr);
  verb->add_option("--plan", o->shared.plan);
  verb->add_option("--image-size", o->shared.image_size, "224 without");
  verb->add_option("--sample-rate", o->shared.sample_rate);
  verb->add_option("--clip", o->shared.clip);
  verb->callback([&common, o] { run_reproduce(*o, common); });
}

}  // namespace cudenza
