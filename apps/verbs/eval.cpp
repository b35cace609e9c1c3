/// cudenza eval: how well a trained model does on clips it has not learnt from.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/cli/output.h"
#include "apps/cli/terminal.h"
#include "apps/study/evaluate_run.h"
#include "apps/study/stress.h"
#include "apps/verbs/verbs.h"

namespace cudenza {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string run, data, out, part = "auto", split, split_dir, mode = "blend";
  int tta = 0, batch_size = 64, workers = 0;
  double beta = 0.25;
  bool strict = false, stress = false;
};

Json pair_of(const Interval& interval) { return {interval.low, interval.high}; }

/// The figures that every part and every condition of a stress test has.
Json figures_of(const StressRow& row) {
  return {{"correct", row.correct.successes}, {"count", row.correct.count},
          {"accuracy", row.correct.value()},  {"interval", pair_of(row.correct.interval())},
          {"macro_f1", row.macro_f1},         {"macro_f1_interval", pair_of(row.macro_f1_interval)}};
}

Json json_of_parts(const std::vector<Judgement>& parts) {
  Json all = Json::array();
  for (const Judgement& judged : parts) {
    all.push_back({{"part", judged.split}});
    all.back().update(figures_of(judged.row("")));
    all.back()["split_leaks"] = judged.split_leaks ? Json(*judged.split_leaks) : Json();
  }
  return all;
}

Json json_of_stress(const std::vector<StressRow>& rows) {
  Json all = Json::array();
  for (const StressRow& row : rows) {
    all.push_back({{"condition", row.condition}});
    all.back().update(figures_of(row));
    all.back()["change"] = row.correct.value() - rows[0].correct.value();
    all.back()["answers_changed"] = row.answers_changed.value();
  }
  return all;
}

Json json_of(const Judgement& judged, double temperature) {
  const Predictions& p = judged.predictions;
  const Scored scored = p.scored();
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
  Json json{{"part", judged.split}, {"method", judged.method}};
  json.update(figures_of(judged.row("")));
  json["split_leaks"] = judged.split_leaks ? Json(*judged.split_leaks) : Json();
  json["split_remark"] = judged.leak;
  json.update(Json{{"loss", negative_log_likelihood(scored)},
                   {"top_3", top_k_accuracy(scored, std::min<int64_t>(3, scored.classes)).value()},
                   {"ece", expected_calibration_error(reliability(scored))},
                   {"temperature", temperature},
                   {"ece_calibrated", expected_calibration_error(reliability({calibrated, p.labels, scored.classes}))},
                   {"classes", classes},
                   {"most_confused", confused},
                   {"top_losses", losses}});
  return json;
}

void run_eval(const Options& o, const Common& common) {
  Terminal terminal(common.quiet, common.ranks->is_first());
  const EvalChoice choice{.run = o.run,
                          .data = o.data,
                          .out = o.out,
                          .part = o.part,
                          .split = o.split,
                          .split_dir = o.split_dir,
                          .stress = o.stress,
                          .tta = o.tta,
                          .join = {tta_mode_from_name(o.mode), o.beta},
                          .batch_size = o.batch_size,
                          .workers = o.workers,
                          .strict = o.strict};
  const Evaluation evaluation = evaluate_run(choice, common.for_inference(), terminal);
  const auto& [parts, temperature, stress] = evaluation;
  if (common.json) {
    Json json = json_of(evaluation.judged(), temperature);
    if (parts.size() > 1) json["parts"] = json_of_parts(parts);
    if (!stress.empty()) json["stress"] = json_of_stress(stress);
    print_json(json);
    return;
  }
  if (parts.size() > 1) print_out("{}\n\n", text_of(parts));
  print_out("{}\n", text_of(evaluation.judged(), temperature));
  if (!stress.empty()) print_out("\n{}\n", text_of(stress));
}

}  // namespace

void add_eval(CLI::App& program, const Common& common) {
  CLI::App* verb = program.add_subcommand(
      "eval", "Judges a trained model: accuracy and macro-F1 with intervals, classes, confusions, calibration");
  const auto o = std::make_shared<Options>();
  verb->add_option("run", o->run, "a run's directory, or a model's file")->required();
  verb->add_option("data", o->data, "a data set with the model's classes")->required();
  verb->add_option("--tta", o->tta, "augmented passes joined with the plain one")
      ->check(CLI::Range(0, 64))
      ->capture_default_str();
  verb->add_option("--tta-mode", o->mode, "blend, mean or max")->capture_default_str();
  verb->add_option("--beta", o->beta, "the plain pass's share in a blend")->check(CLI::Range(0.0, 1.0))->capture_default_str();
  verb->add_option("--part", o->part, "auto, each (valid and test), all, train, valid or test: of the split")
      ->check(CLI::IsMember({"auto", "each", "all", "train", "valid", "test"}))
      ->capture_default_str();
  verb->add_option("--split", o->split, "instead of the run's own: random:F, stratified:F, column or auto");
  verb->add_option("--split-dir", o->split_dir, "instead of the run's own: a folder with train*.txt, valid*.txt and test*.txt");
  verb->add_flag("--stress", o->stress, "sounds: the clips again with another tempo and level, a low-pass, as MP3, with noise");
  verb->add_option("--batch-size", o->batch_size)->check(CLI::Range(1, 65536))->capture_default_str();
  verb->add_option("--workers", o->workers, "threads that decode; 0 is one a core")->capture_default_str();
  verb->add_option("--out", o->out, "a folder for predictions.csv, confusion.csv, stress.csv and the worst mistakes");
  verb->add_flag("--strict", o->strict, "end at the first bad file instead of leaving it out");
  verb->callback([&common, o] { run_eval(*o, common); });
}

}  // namespace cudenza
