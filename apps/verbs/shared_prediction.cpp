#include "apps/verbs/shared_prediction.h"

#include <nlohmann/json.hpp>

namespace cudenza {
namespace {

using Json = nlohmann::json;

/// Bytes, since a name in a remark need not be UTF-8.
Json bytes_of(const std::string& text) { return Json::binary({text.begin(), text.end()}); }
std::string text_of(const Json& bytes) { return {bytes.get_binary().begin(), bytes.get_binary().end()}; }

}  // namespace

std::string packed(const Heard& heard) {
  Json json{{"error", bytes_of(heard.error)}};
  if (heard.prediction) {
    const Prediction& p = *heard.prediction;
    Json windows = Json::array(), remarks = Json::array();
    for (const Prediction::Window& w : p.windows) windows.push_back({w.begin, w.end, w.probabilities});
    for (const std::string& remark : p.remarks) remarks.push_back(bytes_of(remark));
    json["prediction"] = {p.probabilities, windows, p.seconds, remarks};
  }
  const std::vector<uint8_t> bytes = Json::to_cbor(json);  // doubles keep their bits
  return {bytes.begin(), bytes.end()};
}

Heard unpacked(const std::string& text, const std::vector<std::string>& classes) {
  const Json json = Json::from_cbor(text);
  Heard heard{.prediction = {}, .error = text_of(json.at("error"))};
  if (!json.contains("prediction")) return heard;
  const Json& p = json.at("prediction");
  Prediction& prediction = heard.prediction.emplace();
  prediction.classes = std::make_shared<const std::vector<std::string>>(classes);
  prediction.probabilities = p.at(0).get<std::vector<double>>();
  for (const Json& w : p.at(1))
    prediction.windows.push_back({w.at(0).get<double>(), w.at(1).get<double>(), w.at(2).get<std::vector<double>>()});
  prediction.seconds = p.at(2).get<double>();
  for (const Json& remark : p.at(3)) prediction.remarks.push_back(text_of(remark));
  return heard;
}

}  // namespace cudenza
