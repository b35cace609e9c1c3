#include "apps/verbs/reproduce_table.h"

#include <algorithm>
#include <set>

#include "engine/run/model_card.h"

namespace cudenza {
namespace {

using Json = nlohmann::ordered_json;

/// " ± 1.23", or as many blanks.
std::string plus_minus(double deviation, int digits, size_t seeds) {
  const std::string text = seeds > 1 ? fmt::format(" ± {:.{}f}", deviation, digits) : "";
  return text + std::string(seeds > 1 ? 0 : static_cast<size_t>(5 + digits), ' ');
}

std::string line_of(const StudyRow& row) {
  const auto accuracy = row.accuracy(), f1 = row.macro_f1();
  const Interval interval = row.interval(), f1_interval = row.f1_interval();
  const size_t seeds = row.runs.size();
  return fmt::format("{:<12} {:<15} {:<13} {:>6.2f}{} % ({:.1f} to {:.1f})  macro-F1 {:.3f}{} ({:.3f} to {:.3f}){}\n",
                     row.network, row.split, row.weights.empty() ? "from scratch" : "from ImageNet", 100 * accuracy.mean,
                     plus_minus(100 * accuracy.deviation, 2, seeds), 100 * interval.low, 100 * interval.high, f1.mean,
                     plus_minus(f1.deviation, 3, seeds), f1_interval.low, f1_interval.high,
                     row.study ? fmt::format("  study {:.2f} %", 100 * row.study->value()) : "");
}

std::string leaks_of(const std::vector<StudyRow>& rows) {
  std::string text;
  std::set<std::string> said;
  for (const StudyRow& row : rows) {
    if (said.insert(row.split).second) text += fmt::format("{}: {}\n", row.split, leak_sentence(row.split_leaks));
  }
  return text;
}

std::string stress_of(const std::vector<StudyRow>& rows) {
  std::string text;
  for (const StudyRow& row : rows) {
    for (const StudyRow::Stressed& one : row.stressed()) {
      if (text.empty()) text = fmt::format("\n{:<12} {:<15} {:<18} accuracy  change  changed\n", "under stress", "", "");
      text += fmt::format("{:<12} {:<15} {:<18} {:>6.2f} % {:>+7.2f} {:>6.1f} %\n", row.network, row.split, one.condition,
                          100 * one.accuracy, 100 * one.change, 100 * one.answers_changed);
    }
  }
  return text;
}

Json json_of(const StudyRow::OverSeeds& over, const Interval& interval, size_t seeds) {
  return {
      {"mean", over.mean}, {"deviation", seeds > 1 ? Json(over.deviation) : Json()}, {"interval", {interval.low, interval.high}}};
}

Json runs_of(const StudyRow& row) {
  Json runs = Json::array();
  for (const StudyRow::Run& run : row.runs) {
    const Proportion right = run.correct();
    const Interval interval = right.interval(), f1_interval = run.f1_interval();
    runs.push_back({{"seed", run.seed},
                    {"correct", right.successes},
                    {"count", right.count},
                    {"accuracy", right.value()},
                    {"interval", {interval.low, interval.high}},
                    {"macro_f1", macro_f1(run.answers)},
                    {"macro_f1_interval", {f1_interval.low, f1_interval.high}},
                    {"seconds", run.seconds}});
  }
  return runs;
}

}  // namespace

std::string text_of(const std::vector<StudyRow>& rows) {
  std::string text;
  for (const StudyRow& row : rows) text += line_of(row);
  return text + leaks_of(rows) + stress_of(rows);
}

Json json_of(const std::vector<StudyRow>& rows) {
  Json all = Json::array();
  for (const StudyRow& row : rows) {
    Json stress = Json::array();
    for (const StudyRow::Stressed& one : row.stressed())
      stress.push_back({{"condition", one.condition},
                        {"accuracy", one.accuracy},
                        {"change", one.change},
                        {"answers_changed", one.answers_changed}});
    all.push_back({{"network", row.network},
                   {"recipe", row.recipe},
                   {"split", row.split},
                   {"split_leaks", row.split_leaks},
                   {"weights", row.weights.empty() ? Json() : Json(row.weights)},
                   {"accuracy", json_of(row.accuracy(), row.interval(), row.runs.size())},
                   {"macro_f1", json_of(row.macro_f1(), row.f1_interval(), row.runs.size())},
                   {"study", row.study ? Json(row.study->value()) : Json()},
                   {"stress", stress},
                   {"runs", runs_of(row)}});
  }
  return all;
}

}  // namespace cudenza
