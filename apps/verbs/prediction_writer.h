/// How predictions are written.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/study/prediction.h"

namespace cudenza {

/// Writes to stdout, file by file in every format, so that nothing that is known is lost by what comes later: text, csv, an
/// object a line (jsonl), or one array (json), which finish() closes. They throw as write_out().
class PredictionWriter {
 public:
  PredictionWriter(std::string format, std::vector<std::string> classes, int top_k, bool timeline);
  void write(const std::string& file, const Prediction&);
  /// To be called last, also when the work ends with an error.
  void finish();

 private:
  nlohmann::ordered_json json_of(const std::string& file, const Prediction&) const;
  void write_text(const std::string& file, const Prediction&) const;
  void write_csv(const std::string& file, const Prediction&) const;
  void write_element(const std::string& file, const Prediction&);

  std::string format_;
  std::vector<std::string> classes_;
  size_t top_k_;
  bool timeline_, has_elements_ = false;
};

}  // namespace cudenza
