#include "apps/study/stress.h"

#include <algorithm>

#include "engine/audio/alter.h"
#include "engine/audio/mp3_codec.h"
#include "engine/audio/time_stretch.h"
#include "kernels/common/parallel_each.h"

namespace cudenza {
namespace {

using Wave = std::vector<float>;

struct Condition {
  const char* name;
  Wave (*altered)(std::span<const float>, int rate, uint64_t seed);
};
constexpr Condition kConditions[] = {
    {"tempo +6 %", [](std::span<const float> x, int, uint64_t) { return time_stretch(x, 1.06); }},
    {"tempo -6 %", [](std::span<const float> x, int, uint64_t) { return time_stretch(x, 0.94); }},
    {"gain +6 dB", [](std::span<const float> x, int, uint64_t) { return with_gain(x, 6); }},
    {"gain -6 dB", [](std::span<const float> x, int, uint64_t) { return with_gain(x, -6); }},
    {"low-pass 4 kHz", [](std::span<const float> x, int rate, uint64_t) { return low_pass(x, 4000, rate); }},
    {"MP3 64 kbit/s", [](std::span<const float> x, int rate, uint64_t) { return through_mp3(x, rate, 64); }},
    {"white noise 20 dB", [](std::span<const float> x, int, uint64_t seed) { return with_white_noise(x, 20, seed); }}};

bool is_mp3(const Condition& condition) { return std::string_view(condition.name).starts_with("MP3"); }

std::vector<Condition> possible_conditions(Observer& observer) {
  std::vector<Condition> conditions(std::begin(kConditions), std::end(kConditions));
  if (const std::string why = why_no_mp3(); !why.empty()) {
    std::erase_if(conditions, is_mp3);
    observer.warn(fmt::format("stress: without MP3: {}", why));
  }
  return conditions;
}

Wave wave_of(const Clip& clip) {
  if (clip.pcm.dtype() == DType::f32) return clip.pcm.to_vector<float>();
  Wave wave(static_cast<size_t>(clip.pcm.numel()));
  std::ranges::transform(clip.pcm.span<int16_t>(), wave.begin(),
                         [](int16_t sample) { return static_cast<float>(sample) / 32768; });
  return wave;
}

/// Judges files a few at a time, under all conditions each: neither all sounds nor all their variants are in memory at once.
class StressTest {
 public:
  StressTest(Model& model, const LabelledRows& data, const Judgement& judged, const StressSpec& spec, Observer& observer)
      : model_(model), data_(data), spec_(spec), observer_(observer), conditions_(possible_conditions(observer)) {
    judged_.assign(conditions_.size(), judged);
    for (Judgement& one : judged_) one.predictions.probabilities.clear();
    total_ = std::ssize(judged.items) * std::ssize(conditions_);
  }

  void judge(std::span<const int> items) {
    const std::vector<Wave> waves = decoded(items);
    const int rate = model_.input.mel.sample_rate;
    for (size_t c = 0; c < conditions_.size(); ++c) {
      std::vector<Tensor> rows(waves.size());
      const auto alter = [&](int64_t i) {
        const Wave wave = conditions_[c].altered(waves[static_cast<size_t>(i)], rate, spec_.seed);
        rows[static_cast<size_t>(i)] = rows_of(Tensor::from(wave, {std::ssize(wave)}), model_.input.clip_samples());
      };
      kernels::parallel_each(std::ssize(waves), alter, spec_.workers);
      const std::vector<double> heard = probabilities(std::move(rows), items);
      auto& all = judged_[c].predictions.probabilities;
      all.insert(all.end(), heard.begin(), heard.end());
      done_ += std::ssize(items);
    }
  }

  std::vector<StressRow> rows(const Judgement& clean) const {
    std::vector<StressRow> rows{clean.row("as they are")};
    const std::vector<int64_t> before = predicted_classes(clean.predictions.scored());
    for (size_t c = 0; c < judged_.size(); ++c) {
      rows.push_back(judged_[c].row(conditions_[c].name));
      const std::vector<int64_t> now = predicted_classes(judged_[c].predictions.scored());
      for (size_t clip = 0; clip < now.size(); ++clip) rows.back().answers_changed.successes += now[clip] != before[clip];
    }
    return rows;
  }

 private:
  std::vector<Wave> decoded(std::span<const int> items) const {
    std::vector<std::filesystem::path> paths;
    for (const int item : items) paths.push_back(data_.dataset.path_of(data_.dataset.items[static_cast<size_t>(item)]));
    std::vector<Wave> waves;
    PcmCache cache;
    const LoadClipsOptions options{.threads = spec_.workers, .ahead = 0, .cache = &cache};
    for_each_clip(paths, model_.input.mel.sample_rate, options, [&](size_t, Clip&& clip) {
      if (!clip.usable()) throw DataError(clip.error);  // it was heard a moment ago
      waves.push_back(wave_of(clip));
    });
    return waves;
  }

  /// Of the files whose rows these are.
  std::vector<double> probabilities(std::vector<Tensor> parts, std::span<const int> items) const {
    Validation validation;
    int64_t count = 0;
    for (size_t file = 0; file < parts.size(); ++file) {
      for (int64_t r = 0; r < parts[file].size(0); ++r) {
        validation.rows.push_back(count++);
        validation.file.push_back(static_cast<int>(file));
      }
      validation.labels.push_back(data_.dataset.items[static_cast<size_t>(items[file])].label);
    }
    const Rows rows{.data = stacked(parts, model_.input.clip_samples()), .item = {}, .in_16_bits = 0, .bad = {}, .remarks = {}};
    const auto input = make_judged_input(rows, model_.input, model_.head, spec_.device, spec_.dtype, spec_.seed);
    EvaluateSpec evaluate = spec_.evaluate;
    evaluate.progress = [&](int64_t) {
      observer_.progress("stress", done_, total_, "");
      return !observer_.interrupted();
    };
    return evaluate_files(*model_.network, *input, validation, evaluate);
  }

  Model& model_;
  const LabelledRows& data_;
  const StressSpec& spec_;
  Observer& observer_;
  std::vector<Condition> conditions_;
  std::vector<Judgement> judged_;  // one a condition
  int64_t done_ = 0, total_ = 0;
};

}  // namespace

std::vector<StressRow> judge_under_stress(Model& model, const LabelledRows& data, const Judgement& judged, const StressSpec& spec,
                                          Observer& observer) {
  StressTest test(model, data, judged, spec, observer);
  const auto at_once = static_cast<size_t>(std::max<int64_t>(1, spec.evaluate.batch_size));
  for (size_t done = 0; done < judged.items.size(); done += at_once)
    test.judge(std::span(judged.items).subspan(done, std::min(at_once, judged.items.size() - done)));
  return test.rows(judged);
}

std::string text_of(const std::vector<StressRow>& rows) {
  std::string text = fmt::format("{:<18} {:>9}  {:<14} {:>8}  {:<14} {:>7} {:>8}\n", "stress", "accuracy", "95 % interval",
                                 "macro-F1", "95 % interval", "change", "changed");
  for (const StressRow& row : rows) {
    const Interval interval = row.correct.interval();
    const double change = 100 * (row.correct.value() - rows[0].correct.value());
    text += fmt::format("{:<18} {:>7.2f} %  {:<14} {:>8.3f}  {:<14}", row.condition, 100 * row.correct.value(),
                        fmt::format("{:.1f} to {:.1f} %", 100 * interval.low, 100 * interval.high), row.macro_f1,
                        fmt::format("{:.3f} to {:.3f}", row.macro_f1_interval.low, row.macro_f1_interval.high));
    text += &row == rows.data() ? "\n" : fmt::format(" {:>+7.2f} {:>6.1f} %\n", change, 100 * row.answers_changed.value());
  }
  return text + "change: of the accuracy, in points; changed: clips that are taken for another class than as they are";
}

}  // namespace cudenza
