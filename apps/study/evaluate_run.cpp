#include "apps/study/evaluate_run.h"

#include <algorithm>
#include <set>

#include "apps/study/eval_parts.h"
#include "apps/study/stress.h"
#include "engine/run/run_folder.h"

namespace cudenza {

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

namespace {

/// One class alone, however well it is told, says nothing of what it might be taken for.
void warn_of_one_class(const EvalChoice& o, const Dataset& dataset, const std::vector<int>& items, Observer& observer) {
  const int first = dataset.items[static_cast<size_t>(items.front())].label;
  const auto is_first = [&](int item) { return dataset.items[static_cast<size_t>(item)].label == first; };
  if (std::ranges::all_of(items, is_first))
    observer.warn(fmt::format("{}: every clip judged ({}) is of one class, '{}': the accuracy is that class's alone",
                              o.data.string(), items.size(), dataset.classes[static_cast<size_t>(first)]));
}

bool writes(const EvalChoice& o, const Compute& compute) { return !o.out.empty() && compute.ranks->is_first(); }

const char* name_of(Media media) { return media == Media::sound ? "sounds" : "pictures"; }

}  // namespace

Evaluation evaluate_run(const EvalChoice& o, const Compute& compute, Observer& observer) {
  if (writes(o, compute)) check_run_folder("`out`", o.out, o.data);
  EvalChoice choice = o;
  choice.run = judged_path(o.run, compute);
  Model model = read_model(choice.run, compute.chosen_device());
  return evaluate_model(model, choice, compute, observer);
}

Evaluation evaluate_model(Model& model, const EvalChoice& o, const Compute& compute, Observer& observer) {
  const Device device = compute.chosen_device();
  const DType dtype = judging_type(model, compute, device);
  LabelledRows data;
  data.dataset = open_dataset(o.data);
  require(data.dataset.media == model.input.media, "{} holds {}, but the model was trained on {}", o.data.string(),
          name_of(data.dataset.media), name_of(model.input.media));
  require(!o.stress || model.input.media == Media::sound,
          "eval: `stress` alters sounds (tempo, level, bandwidth, coding, noise), but {} holds pictures; leave it out",
          o.data.string());
  match_classes(data.dataset, model);
  const std::vector<EvalPart> parts = chosen_parts(o, data.dataset, compute.seed, observer);
  std::set<int> all;
  for (const EvalPart& part : parts) all.insert(part.items.begin(), part.items.end());
  const std::vector<int> items(all.begin(), all.end());
  warn_of_one_class(o, data.dataset, items, observer);
  load(data, items, model.input, {.workers = o.workers, .strict = o.strict, .ranks = compute.ranks.get()}, observer);
  const auto input = make_judged_input(data.rows, model.input, model.head, device, dtype, compute.seed);
  Evaluation evaluation{.parts = {}, .temperature = model.temperature, .stress = {}};
  EvaluateSpec spec{.batch_size = o.batch_size, .tta = o.tta, .join = o.join, .ranks = compute.ranks.get(), .progress = {}};
  for (const EvalPart& part : parts) {
    const auto rows = static_cast<int64_t>(data.rows_of(part.items).size());
    if (rows == 0) continue;
    spec.progress = [&](int64_t done) { return observer.progress("judging", done, rows, ""), !observer.interrupted(); };
    evaluation.parts.push_back(judge_items(model, *input, data, part.items, part.name, spec));
    evaluation.parts.back().split_leaks = part.split_leaks;
    evaluation.parts.back().leak = part.leak;
  }
  if (o.stress)
    evaluation.stress = judge_under_stress(
        model, data, evaluation.judged(),
        {.evaluate = spec, .device = device, .dtype = dtype, .seed = compute.seed, .workers = o.workers}, observer);
  if (writes(o, compute)) write_judgement(o.out, evaluation.judged(), data, model.input, evaluation.stress, observer);
  return evaluation;
}

}  // namespace cudenza
