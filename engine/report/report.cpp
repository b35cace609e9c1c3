#include "engine/report/report.h"

#include <fstream>
#include <sstream>

#include "engine/core/error.h"
#include "engine/io/atomic_file.h"
#include "engine/report/report_sections.h"
#include "engine/run/run_folder.h"
#include "engine/run/run_seal.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

std::string text_if_there(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  return text.str();
}

/// A million columns are no real classes, and their square would fill the memory.
void check_classes(const fs::path& run, size_t classes) {
  constexpr size_t kMostClasses = 4096;
  if (classes > kMostClasses)
    throw DataError(
        fmt::format("{}: has {} classes; a report shows {} at most", (run / "predictions.csv").string(), classes, kMostClasses));
}

RunFacts read_run(const fs::path& run) {
  check_report_folder(run);
  check_seal(run);
  RunFacts facts{.folder = run,
                 .card = read_model_card(run),
                 .predictions = read_predictions(run),
                 .history = read_history(run),
                 .splits = read_splits(run),
                 .mistakes = read_mistakes(run),
                 .stress = read_stress(run),
                 .config = text_if_there(run / "config.toml"),
                 .plots = {}};
  check_classes(run, facts.predictions.classes.size());
  facts.plots = write_plots(run);
  const Scored scored = facts.predictions.scored();
  facts.matrix = confusion_matrix(scored.labels, predicted_classes(scored), scored.classes);
  facts.scores = class_scores(facts.matrix);
  return facts;
}

/// Links to the sections that exist.
Html contents(const Html& sections) {
  constexpr std::pair<std::string_view, std::string_view> kSections[] = {
      {"training", "Training"}, {"classes", "Classes"},         {"confusion", "Confusion"},         {"mistakes", "Mistakes"},
      {"stress", "Stress"},     {"calibration", "Calibration"}, {"configuration", "Configuration"}, {"data", "Data"},
      {"machine", "Machine"},   {"reproduce", "To do it again"}};
  Html links;
  for (const auto& [id, name] : kSections) {
    if (sections.markup().find(fmt::format("<section id=\"{}\"", id)) != std::string::npos)
      links += element("a", name, {{"href", fmt::format("#{}", id)}});
  }
  return element("nav", links, {{"aria-label", "Contents"}});
}

}  // namespace

std::string report_page(const fs::path& run) {
  const RunFacts facts = read_run(run);
  const Html sections = training_section(facts) + classes_section(facts) + confusion_section(facts) + mistakes_section(facts) +
                        stress_section(facts) + calibration_section(facts) + configuration_section(facts) + data_section(facts) +
                        machine_section(facts) + reproduce_section(facts);
  const Html body = element("header", headline(facts) + contents(sections)) + element("main", sections);
  return page(facts.card.name + " – training report", body);
}

void write_report(const fs::path& run) { write_atomically(run / "report.html", report_page(run)); }

}  // namespace cudenza
