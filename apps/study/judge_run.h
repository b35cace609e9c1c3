/// What is known of a model once it is trained: its judgement of clips that it has not learnt from, in files and for a person.
#pragma once
#include <optional>

#include "apps/study/labelled_rows.h"
#include "apps/study/model_file.h"

namespace cudenza {

struct Judgement {
  std::string split;  ///< "valid" or "test"
  std::vector<int> items;
  Predictions predictions;
  std::string method;
  std::optional<bool> split_leaks = {};  ///< whether these clips stand close to those learnt from; nothing: not known
  std::string leak = {};                 ///< the same as a sentence for the figure

  /// Its figures as a row of stress.csv: what `stress` compares with.
  StressRow row(std::string condition) const;
};

/// The model's opinion of these items, with `tta` augmented passes.
Judgement judge_items(Model&, Input&, const LabelledRows&, std::span<const int> items, std::string split, const EvaluateSpec&);

/// predictions.csv, confusion.csv, mistakes/ and, if there are rows, stress.csv of a run. Pictures and stress.csv of an earlier
/// judgement go; whatever else lies in mistakes/ stays.
void write_judgement(const std::filesystem::path& run, const Judgement&, const LabelledRows&, const InputSpec&,
                     const std::vector<StressRow>& stress, Observer&);

/// One line a part: accuracy and macro F1 with intervals, and whether they leak.
std::string text_of(const std::vector<Judgement>& parts);
/// Accuracy, intervals, classes, confusions and the worst mistakes, as text.
std::string text_of(const Judgement&, double temperature);

}  // namespace cudenza
