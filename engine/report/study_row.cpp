#include "engine/report/study_row.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cudenza {
namespace {

/// Of f(run) over the runs.
template <class F> StudyRow::OverSeeds over_seeds(const std::vector<StudyRow::Run>& runs, F f) {
  double sum = 0, squares = 0;
  for (const StudyRow::Run& run : runs) sum += f(run);
  const auto count = static_cast<double>(runs.size());
  const double mean = sum / count;
  for (const StudyRow::Run& run : runs) squares += (f(run) - mean) * (f(run) - mean);
  return {mean, runs.size() > 1 ? std::sqrt(squares / (count - 1)) : std::numeric_limits<double>::quiet_NaN()};
}

}  // namespace

Proportion StudyRow::Run::correct() const {
  return confusion_matrix(answers.labels, answers.predicted, answers.classes).accuracy();
}

Interval StudyRow::Run::f1_interval() const { return macro_f1_interval(std::span(&answers, 1)); }

StudyRow::OverSeeds StudyRow::accuracy() const {
  return over_seeds(runs, [](const Run& run) { return run.correct().value(); });
}

StudyRow::OverSeeds StudyRow::macro_f1() const {
  return over_seeds(runs, [](const Run& run) { return cudenza::macro_f1(run.answers); });
}

Interval StudyRow::interval() const {
  if (runs.empty()) return {};
  const int64_t clips = runs.front().correct().count;
  return wilson_interval(std::llround(accuracy().mean * static_cast<double>(clips)), clips);
}

Interval StudyRow::f1_interval() const {
  std::vector<Answers> all;
  for (const Run& run : runs) all.push_back(run.answers);
  return macro_f1_interval(all);
}

std::vector<StudyRow::Stressed> StudyRow::stressed() const {
  std::vector<Stressed> conditions;
  std::vector<double> counts;
  for (const Run& run : runs) {
    for (const StressRow& row : run.stress) {
      auto found = std::ranges::find(conditions, row.condition, &Stressed::condition);
      if (found == conditions.end()) {
        found = conditions.insert(found, {.condition = row.condition});
        counts.push_back(0);
      }
      found->accuracy += row.correct.value();
      found->change += row.correct.value() - run.stress[0].correct.value();
      found->answers_changed += row.answers_changed.value();
      ++counts[static_cast<size_t>(found - conditions.begin())];
    }
  }
  for (size_t i = 0; i < conditions.size(); ++i) {
    conditions[i].accuracy /= counts[i];
    conditions[i].change /= counts[i];
    conditions[i].answers_changed /= counts[i];
  }
  return conditions;
}

}  // namespace cudenza
