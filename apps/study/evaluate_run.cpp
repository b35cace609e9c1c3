#include "apps/study/evaluate_run.h"

#include <algorithm>
#include <map>

#include "engine/run/run_folder.h"
#include "engine/run/run_identity.h"

namespace cudenza {
namespace {

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
std::pair<std::vector<int>, std::string> chosen_items(const EvalChoice& o, const Dataset& dataset, Observer& observer) {
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
    throw DataError(
        fmt::format("{}: the model has learnt from every file of it; judge others, or say `part` all", o.data.string()));
  if (parts[part].empty())
    throw DataError(fmt::format("{}: none of its files was in the run's part '{}'", o.data.string(), part));
  observer.remark(fmt::format("judged: {} of {} files ({}); of all the model learnt from {}, validated on {}, kept {} for a test",
                              parts[part].size(), dataset.items.size(), part, parts["train"].size(), parts["valid"].size(),
                              parts["test"].size()));
  return {parts[part], part};
}

/// One class alone, however well it is told, says nothing of what it might be taken for.
void warn_of_one_class(const EvalChoice& o, const Dataset& dataset, const std::vector<int>& items, Observer& observer) {
  const int first = dataset.items[static_cast<size_t>(items.front())].label;
  const auto is_first = [&](int item) { return dataset.items[static_cast<size_t>(item)].label == first; };
  if (std::ranges::all_of(items, is_first))
    observer.warn(fmt::format("{}: every clip judged ({}) is of one class, '{}': the accuracy is that class's alone",
                              o.data.string(), items.size(), dataset.classes[static_cast<size_t>(first)]));
}

const char* name_of(Media media) { return media == Media::sound ? "sounds" : "pictures"; }

}  // namespace

Evaluation evaluate_run(const EvalChoice& o, const Compute& compute, Observer& observer) {
  if (!o.out.empty()) check_run_folder("`out`", o.out, o.data);
  const Device device = compute.chosen_device();
  const DType dtype = study_type(compute, device);
  Model model = read_model(model_path(o.run), device);
  LabelledRows data;
  data.dataset = open_dataset(o.data);
  require(data.dataset.media == model.input.media, "eval: {} holds {}, but the model was trained on {}", o.data.string(),
          name_of(data.dataset.media), name_of(model.input.media));
  match_classes(data.dataset, model);
  const auto [items, part] = chosen_items(o, data.dataset, observer);
  warn_of_one_class(o, data.dataset, items, observer);
  load(data, items, model.input, {.workers = o.workers, .strict = o.strict}, observer);
  const auto input = make_judged_input(data.rows, model.input, device, dtype, compute.seed);
  const auto rows = static_cast<int64_t>(data.rows_of(items).size());
  const EvaluateSpec spec{.batch_size = o.batch_size, .tta = o.tta, .join = o.join, .progress = [&](int64_t done) {
                            return observer.progress("judging", done, rows, ""), true;
                          }};
  Evaluation evaluation{.judged = judge_items(model, *input, data, items, part, spec), .temperature = model.temperature};
  if (!o.out.empty()) write_judgement(o.out, evaluation.judged, data, model.input, observer);
  return evaluation;
}

}  // namespace cudenza
