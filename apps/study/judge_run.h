/// What is known of a model once it is trained: its judgement of clips that it has not learnt from, in files and for a person.
#pragma once
#include "apps/study/labelled_rows.h"
#include "apps/study/model_file.h"

namespace cudenza {

struct Judgement {
  std::string split;  ///< "valid" or "test"
  std::vector<int> items;
  Predictions predictions;
  std::string method;
};

/// The model's opinion of these items, with `tta` augmented passes.
Judgement judge_items(Model&, Input&, const LabelledRows&, std::span<const int> items, std::string split, const EvaluateSpec&);

/// predictions.csv, confusion.csv and mistakes/ of a run. Pictures of an earlier judgement go; whatever else lies in mistakes/
/// stays.
void write_judgement(const std::filesystem::path& run, const Judgement&, const LabelledRows&, const InputSpec&, Observer&);

/// Accuracy, intervals, classes, confusions and the worst mistakes, as text.
std::string text_of(const Judgement&, double temperature);

}  // namespace cudenza
