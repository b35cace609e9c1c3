/// The sections of a run's report, each made from what was read from the run directory.
#pragma once
#include "engine/report/report_html.h"
#include "engine/run/model_card.h"
#include "engine/run/run_files.h"

namespace cudenza {

/// Contents of a run directory.
struct RunFacts {
  std::filesystem::path folder;
  ModelCard card;
  Predictions predictions;
  std::vector<EpochRow> history;
  std::vector<SplitRow> splits;
  std::vector<Mistake> mistakes;
  std::vector<StressRow> stress;
  std::string config;  ///< text of config.toml
  Plots plots;

  ConfusionMatrix matrix{0};            ///< of the predictions
  std::vector<ClassScore> scores = {};  ///< per class

  const std::string& class_name(int64_t c) const { return predictions.classes.at(static_cast<size_t>(c)); }
};

Html headline(const RunFacts&);
Html training_section(const RunFacts&);
Html classes_section(const RunFacts&);
Html confusion_section(const RunFacts&);
Html mistakes_section(const RunFacts&);
Html stress_section(const RunFacts&);
Html calibration_section(const RunFacts&);
Html configuration_section(const RunFacts&);
Html data_section(const RunFacts&);
Html machine_section(const RunFacts&);
Html reproduce_section(const RunFacts&);

}  // namespace cudenza
