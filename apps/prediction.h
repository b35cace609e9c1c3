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

/// Writes to stdout: text and csv file by file, jsonl an object a line, json one array.
class PredictionWriter {
 public:
  PredictionWriter(std::string format, std::vector<std::string> classes, int top_k, bool timeline);
  void write(const Prediction&);
  void finish();

 private:
  nlohmann::ordered_json json_of(const Prediction&) const;
  void write_text(const Prediction&) const;
  void write_csv(const Prediction&) const;

  std::string format_;
  std::vector<std::string> classes_;
  size_t top_k_;
  bool timeline_;
  nlohmann::ordered_json all_ = nlohmann::ordered_json::array();
};

}  // namespace cudenza
