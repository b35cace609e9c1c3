/// What predict says of a file, and how it is written.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace cudenza {

struct Prediction {
  struct Window {
    double begin = 0, end = 0;          ///< seconds
    std::vector<double> probabilities;  ///< of each class
  };
  std::string file;
  double seconds = 0;
  std::vector<double> probabilities;  ///< over all windows
  std::vector<Window> windows;
  std::vector<std::string> remarks;  ///< what deserves a warning in the file
};

enum class Aggregate {
  mean,  ///< of the windows' probabilities
  max,   ///< each class's highest, scaled to sum 1
  vote,  ///< the share of windows that have it first
};
Aggregate aggregate_from_name(std::string_view);
std::vector<double> aggregated(const std::vector<Prediction::Window>&, Aggregate);

/// Classes from the most probable on; equals in their order.
std::vector<size_t> ranked(const std::vector<double>& probabilities);

/// Writes to stdout, file by file in every format, so that nothing that is known is lost by what comes later: text, csv, an
/// object a line (jsonl), or one array (json), which finish() closes. They throw as write_out().
class PredictionWriter {
 public:
  PredictionWriter(std::string format, std::vector<std::string> classes, int top_k, bool timeline);
  void write(const Prediction&);
  /// To be called last, also when the work ends with an error.
  void finish();

 private:
  nlohmann::ordered_json json_of(const Prediction&) const;
  void write_text(const Prediction&) const;
  void write_csv(const Prediction&) const;
  void write_element(const Prediction&);

  std::string format_;
  std::vector<std::string> classes_;
  size_t top_k_;
  bool timeline_, has_elements_ = false;
};

}  // namespace cudenza
