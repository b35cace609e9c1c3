/// cudenza reproduce: the study's whole table, and what this engine adds to it, on one data set.
#include <algorithm>
#include <map>

#include "apps/cli/option_names.h"
#include "apps/cli/output.h"
#include "apps/study/study_table.h"
#include "apps/study/train_run.h"
#include "apps/verbs/resume.h"
#include "apps/verbs/train.h"
#include "engine/core/print_err.h"
#include "engine/data/dataset.h"
#include "engine/io/atomic_file.h"
#include "engine/report/study_report.h"
#include "engine/run/run_folder.h"
#include "engine/run/run_seal.h"
#include "engine/train/trainer.h"
#include "models/registry.h"

namespace cudenza {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string data, weights, out, split_dir;
  int seeds = 1;
  std::vector<std::string> networks;
  TrainOptions shared;  ///< sizes and lengths that a small machine may want to change
};

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
  const Resumption run = resume_of(folder, common, items_of_run(common, options));
  return run.epochs == options.make_recipe().epochs &&
         (!run.identity || run.identity->data == fs::absolute(options.data).string());
}

StudyRow::Run run_one(const Common& common, const TrainOptions& options) {
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
  return {.seed = common.seed, .correct = {card.result.correct, card.result.count}, .seconds = seconds};
}

/// Trains a line with every seed. Of runs that diverge a sentence is added to `diverged`; they have no result.
StudyRow run_line(const StudyLine& line, const std::string& split, TrainOptions options, const Options& o, const Common& common,
                  std::vector<std::string>& diverged) {
  StudyRow row{.network = std::string(line.network),
               .split = split,
               .recipe = options.weights.empty() && line.recipe == "study" ? "one cycle" : std::string(line.label),
               .weights = options.weights.empty() ? "" : fs::path(options.weights).filename().string(),
               .runs = {},
               .study = {}};
  if (split == "random") row.study = Proportion{line.right, kStudyClips};
  for (int k = 0; k < o.seeds; ++k) {
    Common seeded = common;
    seeded.seed = common.seed + static_cast<uint64_t>(k);
    options.out = (fs::path(o.out) / fmt::format("{}-{}-{}", line.arch, split, seeded.seed)).string();
    if (!common.quiet) print_err("\n{} ({}), {} split, seed {}\n", line.network, line.label, split, seeded.seed);
    try {
      row.runs.push_back(run_one(seeded, options));
    } catch (const DivergedError& error) {
      diverged.push_back(
          fmt::format("{:<12} {:<15} seed {}: {}", line.network, split, seeded.seed, with_option_names(error.what())));
    }
  }
  return row;
}

void print_table(const std::vector<StudyRow>& rows) {
  for (const StudyRow& row : rows) {
    print_out("{:<12} {:<15} {:<28} {:>6.2f} % ({:.1f} to {:.1f}){}\n", row.network, row.split,
              row.weights.empty() ? "from scratch" : "from ImageNet", 100 * row.mean_accuracy(), 100 * row.interval().low,
              100 * row.interval().high, row.study ? fmt::format("   study {:.2f} %", 100 * row.study->value()) : "");
  }
}

void run_reproduce(const Options& o, const Common& common) {
  require(!o.out.empty(), "reproduce: where to? Give --out DIR");
  check_run_folder("--out", o.out, o.data);
  std::vector<std::pair<std::string, std::string>> splits{{"random", ""}};
  if (!o.split_dir.empty()) splits.emplace_back("fault-filtered", o.split_dir);
  std::vector<StudyRow> rows;
  std::vector<std::string> diverged;
  for (const StudyLine& line : study_lines()) {
    if (!o.networks.empty() && std::ranges::find(o.networks, line.arch) == o.networks.end()) continue;
    for (const auto& [split, folder] : splits) {
      TrainOptions options = options_of(line, o.shared, o.weights);
      options.data = o.data;
      options.split_dir = folder;
      const StudyRow row = run_line(line, split, options, o, common, diverged);
      if (row.runs.empty()) continue;
      rows.push_back(row);
      write_study_report(o.out, rows);  // what is done can be read while the rest is trained
    }
  }
  print_table(rows);
  for (const std::string& line : diverged) print_out("{}\n", line);
  if (!rows.empty()) print_out("report: {}\n", (fs::path(o.out) / "report.html").string());
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
  verb->add_option("--split-dir", o->split_dir, "the fault-filtered lists; without them the random split alone");
  verb->add_option("--seeds", o->seeds, "runs of each line")->check(CLI::Range(1, 100))->capture_default_str();
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
