#include "apps/study/judge_run.h"

#include <algorithm>
#include <cmath>

#include "apps/study/spectrogram_png.h"
#include "engine/audio/mel.h"
#include "engine/core/text.h"
#include "engine/io/atomic_file.h"
#include "engine/io/gnuplot.h"
#include "engine/io/png.h"
#include "engine/run/run_folder.h"
#include "engine/run/run_seal.h"

namespace cudenza {
namespace {

constexpr int64_t kMostMistakes = 12;  // shown with their pictures
constexpr size_t kMostColumns = 60;    // of a class's name in a table

std::string percent(double share) { return fmt::format("{:.2f} %", 100 * share); }

/// What is a share of nothing, as the precision of a class that was never named, has no number.
std::string number_or_dash(double value) { return std::isnan(value) ? "-" : fmt::format("{:.3f}", value); }

std::string accuracy_line(const Judgement& judged) {
  const Proportion right = accuracy(judged.predictions.scored());
  const Interval interval = right.interval();
  return fmt::format("accuracy {} ({} of {}, 95 % interval {:.1f} to {:.1f} %) on {} clips, {}", percent(right.value()),
                     right.successes, right.count, 100 * interval.low, 100 * interval.high,
                     judged.split == "all" ? "all" : "the " + judged.split, judged.method);
}

std::string macro_f1_line(const Judgement& judged) {
  const StressRow row = judged.row("");
  return fmt::format("macro-F1 {:.3f} (95 % interval {:.3f} to {:.3f})", row.macro_f1, row.macro_f1_interval.low,
                     row.macro_f1_interval.high);
}

std::string class_table(const Judgement& judged, const ConfusionMatrix& matrix) {
  size_t width = 5;
  std::vector<std::string> names;
  for (const std::string& name : judged.predictions.classes) names.push_back(shortened(name, kMostColumns));
  for (const std::string& name : names) width = std::max(width, columns_of(name));
  std::string text = fmt::format("{:<{}}  precision  recall      f1   clips\n", "class", width);
  const std::vector<ClassScore> scores = class_scores(matrix);
  for (size_t c = 0; c < scores.size(); ++c) {
    text += fmt::format("{}{:{}}  {:>9} {:>7} {:>7} {:>7}\n", names[c], "", width - columns_of(names[c]),
                        number_or_dash(scores[c].precision.value()), number_or_dash(scores[c].recall.value()),
                        number_or_dash(scores[c].f1), scores[c].recall.count);
  }
  return text;
}

/// A picture, as a PNG file's bytes, of what the network heard of a clip: its first row.
std::string picture_of(const ClipLoss& clip, const Judgement& judged, const LabelledRows& data, const InputSpec& input) {
  const int item = judged.items[static_cast<size_t>(clip.clip)];
  const int64_t row = data.rows_of(std::span(&item, 1)).front();
  if (input.media == Media::sound) {
    const int64_t samples = data.rows.data.size(1);
    const Tensor mel = LogMel(input.mel)(data.rows.data.slice(row * samples, {1, samples}));
    return spectrogram_png(judged.predictions.files[static_cast<size_t>(clip.clip)], input.mel, mel);
  }
  const Shape& shape = data.rows.data.shape();
  const Tensor picture = data.rows.data.slice(row * shape[1] * shape[2] * shape[3], {shape[1], shape[2], shape[3]});
  return encode_png(
      {static_cast<int>(shape[1]), static_cast<int>(shape[2]), static_cast<int>(shape[3]), picture.to_vector<uint8_t>()});
}

/// The worst mistakes and their pictures. Without gnuplot, or if it fails, there are none of sounds.
struct Mistakes {
  std::vector<Mistake> rows;
  std::vector<std::string> pictures;  ///< of each row; empty: none
};
Mistakes worst_mistakes(const Judgement& judged, const LabelledRows& data, const InputSpec& input, Observer& observer) {
  const Predictions& p = judged.predictions;
  bool draws = input.media != Media::sound || why_no_gnuplot().empty();
  Mistakes all;
  for (const ClipLoss& clip : top_losses(p.scored(), kMostMistakes)) {
    if (clip.label == clip.predicted) continue;
    all.rows.push_back({.file = p.files[clip.clip],
                        .actual = p.classes[clip.label],
                        .predicted = p.classes[clip.predicted],
                        .probability = clip.probability,
                        .loss = clip.loss,
                        .picture = {}});
    all.pictures.emplace_back();
    if (!draws) continue;
    try {
      all.pictures.back() = picture_of(clip, judged, data, input);
    } catch (const GnuplotError& error) {  // a picture is an extra here
      draws = false;
      observer.warn(fmt::format("the mistakes are without pictures: {}", error.what()));
    }
  }
  return all;
}

/// mistakes.csv comes before the pictures that it names: whatever interrupts this, no picture is there that is not named.
void write_mistakes_and_pictures(const std::filesystem::path& run, Mistakes mistakes) {
  remove_mistake_pictures(run);
  const std::filesystem::path folder = run / "mistakes";
  for (size_t i = 0; i < mistakes.rows.size(); ++i) {
    const std::string name = fmt::format("{:02}.png", i + 1);
    std::error_code error;
    if (std::filesystem::exists(std::filesystem::symlink_status(folder / name, error)))
      mistakes.pictures[i].clear();  // another's
    if (!mistakes.pictures[i].empty()) mistakes.rows[i].picture = name;
  }
  write_mistakes(run, mistakes.rows);
  for (size_t i = 0; i < mistakes.rows.size(); ++i) {
    if (!mistakes.pictures[i].empty()) write_atomically(folder / mistakes.rows[i].picture, mistakes.pictures[i]);
  }
}

}  // namespace

StressRow Judgement::row(std::string condition) const {
  const Answers answers = predictions.answers();
  return {.condition = std::move(condition),
          .correct = confusion_matrix(answers.labels, answers.predicted, answers.classes).accuracy(),
          .macro_f1 = macro_f1(answers),
          .macro_f1_interval = macro_f1_interval(std::span(&answers, 1)),
          .answers_changed = {0, std::ssize(answers.labels)}};
}

Judgement judge_items(Model& model, Input& input, const LabelledRows& data, std::span<const int> items, std::string split,
                      const EvaluateSpec& spec) {
  Judgement judged{.split = std::move(split), .items = data.usable(items), .predictions = {}, .method = "one plain pass"};
  const Validation validation = data.validation(items);
  judged.predictions.classes = model.classes;
  judged.predictions.labels = validation.labels;
  judged.predictions.probabilities = evaluate_files(*model.network, input, validation, spec);
  for (const int item : judged.items) {
    const Item& one = data.dataset.items[static_cast<size_t>(item)];
    judged.predictions.files.push_back(one.path);
    judged.predictions.tracks.push_back(track_of(one));
  }
  if (spec.tta > 0) {
    judged.method = fmt::format("{} augmented passes and a plain one, joined by {}", spec.tta, name_of(spec.join.mode));
  }
  return judged;
}

void write_judgement(const std::filesystem::path& run, const Judgement& judged, const LabelledRows& data, const InputSpec& input,
                     const std::vector<StressRow>& stress, Observer& observer) {
  const Predictions& p = judged.predictions;
  const Scored scored = p.scored();
  const bool was_sealed = unseal_run(run);
  write_predictions(run, p);
  write_confusion(run, p.classes, confusion_matrix(p.labels, predicted_classes(scored), scored.classes));
  if (!stress.empty()) write_stress(run, stress);
  else std::filesystem::remove(run / kStressName);  // of another judgement
  write_mistakes_and_pictures(run, worst_mistakes(judged, data, input, observer));
  if (was_sealed) seal_run(run);
}

std::string text_of(const std::vector<Judgement>& parts) {
  std::string text = fmt::format("{:<6} {:>6} {:>10}  {:<15} {:>8}  {:<14}  {}", "part", "files", "accuracy", "95 % interval",
                                 "macro-F1", "95 % interval", "leaks");
  for (const Judgement& judged : parts) {
    const StressRow row = judged.row("");
    const Interval interval = row.correct.interval();
    text += fmt::format("\n{:<6} {:>6} {:>10}  {:<15} {:>8.3f}  {:<14}  {}", judged.split, row.correct.count,
                        percent(row.correct.value()), fmt::format("{:.1f} to {:.1f} %", 100 * interval.low, 100 * interval.high),
                        row.macro_f1, fmt::format("{:.3f} to {:.3f}", row.macro_f1_interval.low, row.macro_f1_interval.high),
                        judged.split_leaks ? *judged.split_leaks ? "yes" : "no" : "not known");
  }
  return text;
}

std::string text_of(const Judgement& judged, double temperature) {
  const Predictions& p = judged.predictions;
  const Scored scored = p.scored();
  const ConfusionMatrix matrix = confusion_matrix(p.labels, predicted_classes(scored), scored.classes);
  std::string text = accuracy_line(judged) + "\n" + macro_f1_line(judged) + "\n";
  if (!judged.leak.empty()) text += judged.leak + "\n";
  text += "\n" + class_table(judged, matrix);
  const std::vector<double> calibrated = at_temperature(scored, temperature);
  text +=
      fmt::format("\ncalibration error {:.3f}, {:.3f} at temperature {:.3f}\n", expected_calibration_error(reliability(scored)),
                  expected_calibration_error(reliability({calibrated, p.labels, scored.classes})), temperature);
  const std::vector<Confusion> confused = most_confused(matrix);
  for (size_t i = 0; i < std::min<size_t>(5, confused.size()); ++i) {
    text += fmt::format("{}{} taken for {}: {}", i == 0 ? "most confused: " : ", ",
                        shortened(p.classes[confused[i].actual], kMostColumns),
                        shortened(p.classes[confused[i].predicted], kMostColumns), confused[i].count);
  }
  return text;
}

}  // namespace cudenza
