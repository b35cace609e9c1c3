/// cudenza eval: how well a trained model does on clips it has not learnt from.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "apps/cli/output.h"
#include "apps/cli/progress.h"
#include "apps/verbs/judge_run.h"
#include "apps/verbs/network_choice.h"
#include "engine/core/print_err.h"
#include "engine/run/run_folder.h"
#include "engine/run/run_identity.h"
#include "engine/train/clip_input.h"

namespace cudenza {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string run, data, out, part = "auto", mode = "blend";
  int tta = 0, batch_size = 64, workers = 0;
  double beta = 0.25;
  bool strict = false;
};

/// Labels by the model's classes: a data set may lack some of them, but must not have others.
void match_classes(Dataset& dataset, const Model& model) {
  for (Item& item : dataset.items) {
    const auto found = std::ranges::find(model.classes, dataset.class_of(item));
    if (found == model.classes.end()) {
      throw DataError(fmt::format("{}: its class '{}' is none of the model's: {}", dataset.path_of(item).string(),
                                  dataset.class_of(item), fmt::join(model.classes, " ")));
    }
    item.label = static_cast<int>(found - model.classes.begin());
  }
  dataset.classes = model.classes;
}

constexpr const char* kNew = "new";  // the part of a file that the run does not know

/// What each item was for the run: train, valid, test or new. A file is known by what it holds, not by its name: that may stand
/// for another sound in another data set. A copy under another name counts as learnt from if one of its like was.
std::vector<std::string> parts_by_content(const RunIdentity& run, const Dataset& dataset, int threads) {
  std::map<std::string, std::vector<const RunFile*>> files_of;  // by content
  for (const RunFile& file : run.files) {
    if (!file.content.empty()) files_of[file.content].push_back(&file);
  }
  std::vector<std::filesystem::path> paths;
  for (const Item& item : dataset.items) paths.push_back(dataset.path_of(item));
  const std::vector<std::string> contents = contents_of(paths, threads);
  std::vector<std::string> parts;
  for (size_t i = 0; i < contents.size(); ++i) {
    const std::vector<const RunFile*>& same = files_of[contents[i]];
    auto found = std::ranges::find(same, dataset.items[i].path, &RunFile::path);
    if (found == same.end()) found = std::ranges::find(same, "train", &RunFile::part);
    if (found == same.end()) found = same.begin();
    parts.push_back(found == same.end() ? kNew : (*found)->part);
  }
  return parts;
}

/// The same for a model by an older version, which kept names alone.
std::vector<std::string> parts_by_name(const std::filesystem::path& run, const Dataset& dataset) {
  std::map<std::string, std::string> part_of;
  for (const SplitRow& row : read_splits(run)) part_of[row.file] = row.split;
  std::vector<std::string> parts;
  for (const Item& item : dataset.items) {
    const auto known = part_of.find(item.path);
    parts.push_back(known == part_of.end() ? kNew : known->second);
  }
  return parts;
}

/// The items to judge, and what to call them. The model must not be praised for clips that it learnt from: of its own data set
/// those kept for testing, or else for validation; of another all, or all but those.
std::pair<std::vector<int>, std::string> chosen_items(const Options& o, const Dataset& dataset, const Common& common) {
  const std::filesystem::path model = model_path(o.run);
  const std::optional<RunIdentity> run = read_identity(Hdf5File(model));
  // splits.csv lies beside a run's last.h5 too
  const std::vector<std::string> part_of =
      run ? parts_by_content(*run, dataset, o.workers) : parts_by_name(model.parent_path(), dataset);
  std::map<std::string, std::vector<int>> parts;
  for (int i = 0; i < static_cast<int>(dataset.items.size()); ++i) {
    parts["all"].push_back(i);
    parts[part_of[static_cast<size_t>(i)]].push_back(i);
  }
  std::string part = o.part;
  if (part == "auto")
    part = parts["train"].empty() ? "all" : !parts["test"].empty() ? "test" : !parts["valid"].empty() ? "valid" : kNew;
  if (part == kNew && parts[kNew].empty())
    throw DataError(fmt::format("{}: the model has learnt from every file of it; judge others, or say --part all", o.data));
  if (parts[part].empty()) throw DataError(fmt::format("{}: none of its files was in the run's part '{}'", o.data, part));
  if (!common.quiet)
    print_err("cudenza: judged: {} of {} files ({}); of all the model learnt from {}, validated on {}, kept {} for a test\n",
              parts[part].size(), dataset.items.size(), part, parts["train"].size(), parts["valid"].size(), parts["test"].size());
  return {parts[part], part};
}

/// One class alone, however well it is told, says nothing of what it might be taken for.
void warn_of_one_class(const Options& o, const Dataset& dataset, const std::vector<int>& items) {
  const int first = dataset.items[static_cast<size_t>(items.front())].label;
  const auto is_first = [&](int item) { return dataset.items[static_cast<size_t>(item)].label == first; };
  if (std::ranges::all_of(items, is_first))
    print_err("cudenza: warning: {}: every clip judged ({}) is of one class, '{}': the accuracy is that class's alone\n", o.data,
              items.size(), dataset.classes[static_cast<size_t>(first)]);
}

Json json_of(const Judgement& judged, double temperature) {
  const Predictions& p = judged.predictions;
  const Scored scored = p.scored();
  const Proportion right = accuracy(scored);
  const ConfusionMatrix matrix = confusion_matrix(p.labels, predicted_classes(scored), scored.classes);
  Json classes = Json::array(), confused = Json::array(), losses = Json::array();
  const std::vector<ClassScore> scores = class_scores(matrix);
  for (size_t c = 0; c < scores.size(); ++c) {
    classes.push_back({{"class", p.classes[c]},
                       {"precision", scores[c].precision.value()},
                       {"recall", scores[c].recall.value()},
                       {"f1", scores[c].f1},
                       {"clips", scores[c].recall.count}});
  }
  for (const Confusion& one : most_confused(matrix))
    confused.push_back({{"actual", p.classes[one.actual]}, {"predicted", p.classes[one.predicted]}, {"count", one.count}});
  for (const ClipLoss& clip : top_losses(scored, 20)) {
    losses.push_back({{"file", p.files[clip.clip]},
                      {"actual", p.classes[clip.label]},
                      {"predicted", p.classes[clip.predicted]},
                      {"probability", clip.probability},
                      {"loss", clip.loss}});
  }
  const std::vector<double> calibrated = at_temperature(scored, temperature);
  return {{"part", judged.split},
          {"method", judged.method},
          {"correct", right.successes},
          {"count", right.count},
          {"accuracy", right.value()},
          {"interval", {right.interval().low, right.interval().high}},
          {"loss", negative_log_likelihood(scored)},
          {"top_3", top_k_accuracy(scored, std::min<int64_t>(3, scored.classes)).value()},
          {"macro_f1", macro_f1(scores)},
          {"ece", expected_calibration_error(reliability(scored))},
          {"temperature", temperature},
          {"ece_calibrated", expected_calibration_error(reliability({calibrated, p.labels, scored.classes}))},
          {"classes", classes},
          {"most_confused", confused},
          {"top_losses", losses}};
}

void run_eval(const Options& o, const Common& common) {
  if (!o.out.empty()) check_run_folder("--out", o.out, o.data);
  const Device device = common.chosen_device();
  const DType dtype = study_type(common, device);
  Model model = read_model(model_path(o.run), device);
  LabelledRows data;
  data.dataset = open_dataset(o.data);
  require(data.dataset.media == model.input.media, "eval: {} holds {}, but the model was trained on {}", o.data,
          data.dataset.media == Media::sound ? "sounds" : "pictures", model.input.media == Media::sound ? "sounds" : "pictures");
  match_classes(data.dataset, model);
  const auto [items, part] = chosen_items(o, data.dataset, common);
  warn_of_one_class(o, data.dataset, items);
  load(data, items, model.input, o.workers, o.strict, common.quiet);
  // The augmentation of test-time passes is the run's own: noise and cut-out, as the study has it.
  Recipe recipe;
  recipe.noise = recipe.cutout = true;
  const auto input = make_input(data.rows, model.input, recipe, device, dtype, common.seed);
  Progress progress("judging", static_cast<int64_t>(data.rows_of(items).size()), common.quiet);
  const EvaluateSpec spec{
      .batch_size = o.batch_size, .tta = o.tta, .join = {tta_mode_from_name(o.mode), o.beta}, .progress = [&](int64_t done) {
        return progress.show(done), true;
      }};
  const Judgement judged = judge_items(model, *input, data, items, part, spec);
  progress.clear();
  if (!o.out.empty()) write_judgement(o.out, judged, data, model.input);
  if (common.json) print_json(json_of(judged, model.temperature));
  else print_out("{}\n", text_of(judged, model.temperature));
}

}  // namespace

void add_eval(CLI::App& program, const Common& common) {
  CLI::App* verb =
      program.add_subcommand("eval", "Judges a trained model: accuracy with interval, classes, confusions, calibration");
  const auto o = std::make_shared<Options>();
  verb->add_option("run", o->run, "a run's directory, or a model's file")->required();
  verb->add_option("data", o->data, "a data set with the model's classes")->required();
  verb->add_option("--tta", o->tta, "augmented passes joined with the plain one")
      ->check(CLI::Range(0, 64))
      ->capture_default_str();
  verb->add_option("--tta-mode", o->mode, "blend, mean or max")->capture_default_str();
  verb->add_option("--beta", o->beta, "the plain pass's share in a blend")->check(CLI::Range(0.0, 1.0))->capture_default_str();
  verb->add_option("--part", o->part, "auto, all, train, valid or test: of the run's own split")
      ->check(CLI::IsMember({"auto", "all", "train", "valid", "test"}))
      ->capture_default_str();
  verb->add_option("--batch-size", o->batch_size)->check(CLI::Range(1, 65536))->capture_default_str();
  verb->add_option("--workers", o->workers, "threads that decode; 0 is one a core")->capture_default_str();
  verb->add_option("--out", o->out, "a folder for predictions.csv, confusion.csv and the worst mistakes");
  verb->add_flag("--strict", o->strict, "end at the first bad file instead of leaving it out");
  verb->callback([&common, o] { run_eval(*o, common); });
}

}  // namespace cudenza
