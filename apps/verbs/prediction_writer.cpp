#include "apps/verbs/prediction_writer.h"

#include <algorithm>
#include <utility>

#include "apps/cli/output.h"
#include "engine/data/csv.h"

namespace cudenza {
namespace {

using Json = nlohmann::ordered_json;

std::string clock_text(double seconds) {
  const auto whole = static_cast<int64_t>(seconds);
  return fmt::format("{}:{:04.1f}", whole / 60, seconds - static_cast<double>(whole / 60 * 60));
}

}  // namespace

PredictionWriter::PredictionWriter(std::string format, std::vector<std::string> classes, int top_k, bool timeline)
    : format_(std::move(format)),
      classes_(std::move(classes)),
      top_k_(std::min(static_cast<size_t>(top_k), classes_.size())),
      timeline_(timeline) {
  if (format_ == "json") write_out("[");
  if (format_ != "csv") return;
  std::vector<std::string> head{"file"};
  if (timeline_) head.insert(head.end(), {"begin", "end"});
  head.insert(head.end(), {"label", "probability"});
  for (const std::string& name : classes_) head.push_back("probability_" + name);
  write_out(csv_line(head));
}

Json PredictionWriter::json_of(const std::string& file, const Prediction& p) const {
  Json top = Json::array();
  const std::vector<size_t> order = ranked(p.probabilities);
  for (size_t k = 0; k < top_k_; ++k) top.push_back({{"label", classes_[order[k]]}, {"probability", p.probabilities[order[k]]}});
  Json json{{"file", file},
            {"seconds", p.seconds},
            {"label", classes_[order[0]]},
            {"probability", p.probabilities[order[0]]},
            {"windows", p.windows.size()},
            {"top", top}};
  if (!timeline_) return json;
  json["timeline"] = Json::array();
  for (const auto& window : p.windows) {
    const size_t first = ranked(window.probabilities).front();
    json["timeline"].push_back(
        {{"begin", window.begin}, {"end", window.end}, {"label", classes_[first]}, {"probability", window.probabilities[first]}});
  }
  return json;
}

void PredictionWriter::write_text(const std::string& file, const Prediction& p) const {
  const std::vector<size_t> order = ranked(p.probabilities);
  std::string text = file + ':';
  for (size_t k = 0; k < top_k_; ++k)
    text += fmt::format("{} {} {:.1f} %", k == 0 ? "" : ",", classes_[order[k]], 100 * p.probabilities[order[k]]);
  text += '\n';
  for (size_t i = 0; timeline_ && i < p.windows.size(); ++i) {
    const Prediction::Window& window = p.windows[i];
    const size_t first = ranked(window.probabilities).front();
    text += fmt::format("  {:>7} to {:>7}  {} {:.1f} %\n", clock_text(window.begin), clock_text(window.end), classes_[first],
                        100 * window.probabilities[first]);
  }
  write_out(text);
}

/// One more object of the array, as json_text() would have it in the whole.
void PredictionWriter::write_element(const std::string& file, const Prediction& p) {
  std::string text = (std::exchange(has_elements_, true) ? ",\n" : "\n") + json_text(json_of(file, p));
  for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', end + 1)) text.insert(end + 1, "  ");
  write_out(text);
}

void PredictionWriter::write_csv(const std::string& file, const Prediction& p) const {
  const auto line = [&](const std::vector<double>& probabilities, const std::vector<std::string>& place) {
    std::vector<std::string> fields{file};
    fields.insert(fields.end(), place.begin(), place.end());
    const size_t first = ranked(probabilities).front();
    fields.push_back(classes_[first]);
    fields.push_back(fmt::format("{:.6g}", probabilities[first]));
    for (const double value : probabilities) fields.push_back(fmt::format("{:.6g}", value));
    write_out(csv_line(fields));
  };
  if (!timeline_) return line(p.probabilities, {});
  for (const auto& window : p.windows)
    line(window.probabilities, {fmt::format("{:.3f}", window.begin), fmt::format("{:.3f}", window.end)});
}

void PredictionWriter::write(const std::string& file, const Prediction& p) {
  if (format_ == "json") write_element(file, p);
  else if (format_ == "jsonl") print_json(json_of(file, p), -1);
  else if (format_ == "csv") write_csv(file, p);
  else write_text(file, p);
}

void PredictionWriter::finish() {
  if (format_ == "json") write_out(has_elements_ ? "\n]\n" : "]\n");
}

}  // namespace cudenza
