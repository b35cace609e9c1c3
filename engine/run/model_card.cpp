#include "engine/run/model_card.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/regular_file.h"
#include "engine/io/atomic_file.h"

namespace cudenza {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Facts& facts) {
  Json all = Json::object();
  for (const auto& [name, fact] : facts) std::visit([&, &key = name](const auto& value) { all[key] = value; }, fact);
  return all;
}

Fact fact_of(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<int64_t>();
  if (value.is_number()) return value.get<double>();
  if (value.is_array() && std::ranges::all_of(value, [](const Json& one) { return one.is_number(); }))
    return value.get<std::vector<double>>();
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? "" : value.dump();
}

Facts facts_of(const Json& object) {
  Facts facts;
  for (const auto& [name, value] : object.items()) facts.emplace_back(name, fact_of(value));
  return facts;
}

Json null_if_empty(const std::string& text) { return text.empty() ? Json() : Json(text); }
std::string text_or_empty(const Json& value) { return value.is_null() ? "" : value.get<std::string>(); }
double number_or_nan(const Json& value) { return value.is_null() ? std::nan("") : value.get<double>(); }  // NaN is null in JSON

Json training_json(const ModelCard& card) {
  const ModelCard::Training& t = card.training;
  Json per_class = Json::object(), phases = Json::array();
  for (size_t c = 0; c < t.train_per_class.size() && c < card.classes.size(); ++c)
    per_class[card.classes[c]] = t.train_per_class[c];
  for (const auto& [name, epochs] : t.phases) phases.push_back({{"name", name}, {"epochs", epochs}});
  return {{"data", t.data},
          {"split", t.split},
          {"clips", {{"train", t.train}, {"valid", t.valid}, {"test", t.test}}},
          {"train_clips_per_class", per_class},
          {"phases", phases},
          {"recipe", json_of(t.recipe)},
          {"seed", t.seed}};
}

ModelCard::Training training_of(const Json& json, const std::vector<std::string>& classes) {
  ModelCard::Training t;
  t.data = json.at("data");
  t.split = json.at("split");
  t.train = json.at("clips").at("train");
  t.valid = json.at("clips").at("valid");
  t.test = json.at("clips").at("test");
  for (const std::string& name : classes) t.train_per_class.push_back(json.at("train_clips_per_class").value(name, int64_t{0}));
  for (const Json& phase : json.at("phases")) t.phases.emplace_back(phase.at("name"), phase.at("epochs"));
  t.recipe = facts_of(json.at("recipe"));
  t.seed = json.at("seed");
  return t;
}

Json result_json(const ModelCard::Result& r) {
  const Interval interval = r.interval();
  return {{"split", r.split},
          {"method", r.method},
          {"correct", r.correct},
          {"count", r.count},
          {"accuracy", Proportion{r.correct, r.count}.value()},
          {"interval_95", {interval.low, interval.high}},
          {"macro_f1", r.macro_f1},
          {"macro_f1_interval_95", {r.macro_f1_interval.low, r.macro_f1_interval.high}},
          {"split_leaks", r.split_leaks ? Json(*r.split_leaks) : Json()},
          {"loss", r.loss},
          {"epoch", r.epoch ? Json(*r.epoch) : Json()}};
}

Interval interval_of(const Json& json) {
  return json.is_null() ? ModelCard::Result().macro_f1_interval : Interval{number_or_nan(json.at(0)), number_or_nan(json.at(1))};
}

ModelCard::Result result_of(const Json& json) {
  const Json leaks = json.value("split_leaks", Json());
  return {.split = json.at("split"),
          .method = json.at("method"),
          .correct = json.at("correct"),
          .count = json.at("count"),
          .loss = number_or_nan(json.at("loss")),
          .macro_f1 = number_or_nan(json.value("macro_f1", Json())),
          .macro_f1_interval = interval_of(json.value("macro_f1_interval_95", Json())),
          .split_leaks = leaks.is_null() ? std::nullopt : std::optional(leaks.get<bool>()),
          .epoch = json.at("epoch").is_null() ? std::nullopt : std::optional(json.at("epoch").get<int64_t>())};
}

Json calibration_json(const ModelCard::Calibration& c) {
  return {{"method", "temperature"},
          {"temperature", c.temperature},
          {"ece", c.ece},
          {"ece_after", c.ece_after},
          {"loss_after", c.loss_after}};
}

ModelCard::Calibration calibration_of(const Json& json) {
  return {.temperature = json.at("temperature"),
          .ece = number_or_nan(json.at("ece")),
          .ece_after = number_or_nan(json.at("ece_after")),
          .loss_after = number_or_nan(json.at("loss_after"))};
}

ModelCard card_of(const Json& json) {
  ModelCard card;
  card.name = json.at("name");
  card.arch = json.at("architecture").at("name");
  card.head = json.at("architecture").at("head");
  card.parameters = json.at("architecture").at("parameters");
  card.classes = json.at("classes").get<std::vector<std::string>>();
  card.input = facts_of(json.at("input"));
  card.weights = text_or_empty(json.at("weights").at("from"));
  card.weights_sha = text_or_empty(json.at("weights").at("sha256"));
  card.weights_license = text_or_empty(json.at("weights").value("license", Json()));
  card.weights_origin = text_or_empty(json.at("weights").value("origin", Json()));
  card.training = training_of(json.at("training"), card.classes);
  card.result = result_of(json.at("result"));
  card.calibration = calibration_of(json.at("calibration"));
  card.environment = facts_of(json.at("environment"));
  card.command = json.at("command");
  return card;
}

/// A damaged card may hold impossible values.
void check_plausible(const fs::path& path, const ModelCard& card) {
  const auto refuse = [&](std::string_view what, auto value) {
    throw DataError(fmt::format("{}: is no model card: {} {}", path.string(), what, value));
  };
  constexpr int64_t kMostEpochs = 1'000'000'000;
  const double temperature = card.calibration.temperature;
  if (!(temperature > 0 && temperature < 1e6)) refuse("a temperature of", temperature);
  for (const auto& [name, epochs] : card.training.phases) {
    if (epochs < 0 || epochs > kMostEpochs) refuse("epochs:", epochs);
  }
  if (card.result.correct < 0 || card.result.correct > card.result.count) refuse("clips that are right:", card.result.correct);
}

}  // namespace

std::string text_of(const Fact& fact) {
  struct {
    std::string operator()(bool value) const { return value ? "yes" : "no"; }
    std::string operator()(int64_t value) const { return fmt::format("{}", value); }
    std::string operator()(double value) const { return fmt::format("{:.6g}", value); }
    std::string operator()(const std::string& value) const { return value; }
    std::string operator()(const std::vector<double>& values) const {
      constexpr size_t kMost = 4;
      if (values.size() > kMost)
        return fmt::format("{} values, {:.4g} to {:.4g}", values.size(), std::ranges::min(values), std::ranges::max(values));
      return fmt::format("{:.6g}", fmt::join(values, ", "));
    }
  } as_text;
  return std::visit(as_text, fact);
}

void judge(ModelCard& card, const Predictions& predictions) {
  const Scored probabilities = predictions.scored();
  const Answers answers = predictions.answers();
  card.result.macro_f1 = macro_f1(answers);
  card.result.macro_f1_interval = macro_f1_interval(std::span(&answers, 1));
  const Proportion right = accuracy(probabilities);
  card.result.correct = right.successes;
  card.result.count = right.count;
  card.result.loss = negative_log_likelihood(probabilities);
  const std::vector<double> logs = logs_of(probabilities);
  card.calibration.temperature = fit_temperature({logs, probabilities.labels, probabilities.classes});
  const std::vector<double> after = at_temperature(probabilities, card.calibration.temperature);
  const Scored calibrated{after, probabilities.labels, probabilities.classes};
  card.calibration.ece = expected_calibration_error(reliability(probabilities));
  card.calibration.ece_after = expected_calibration_error(reliability(calibrated));
  card.calibration.loss_after = negative_log_likelihood(calibrated);
}

std::string_view leak_sentence(bool split_leaks) {
  return split_leaks
             ? "This figure leaks: the clips were drawn at random, so clips of one artist, album or session, and copies of one "
               "recording, may stand on both sides (Sturm 2013). Expect less of music by others."
             : "What stands on which side was given by lists, folders or a column, not drawn: the figure leaks no more than "
               "they do. That they keep artists and copies apart is their author's claim.";
}

void write_model_card(const fs::path& run, const ModelCard& card) {
  const Json json = {
      {"format", "cudenza model card"},
      {"format_version", 1},
      {"name", card.name},
      {"architecture", {{"name", card.arch}, {"head", card.head}, {"parameters", card.parameters}}},
      {"classes", card.classes},
      {"input", json_of(card.input)},
      {"output", {{"name", "probabilities"}, {"activation", "softmax"}, {"shape", {"batch", card.classes.size()}}}},
      {"weights",
       {{"from", null_if_empty(card.weights)},
        {"sha256", null_if_empty(card.weights_sha)},
        {"license", null_if_empty(card.weights_license)},
        {"origin", null_if_empty(card.weights_origin)}}},
      {"training", training_json(card)},
      {"result", result_json(card.result)},
      {"calibration", calibration_json(card.calibration)},
      {"environment", json_of(card.environment)},
      {"command", card.command}};
  // File names need not be UTF-8.
  write_atomically(run / "model_card.json", json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

ModelCard read_model_card(const fs::path& run) {
  const fs::path path = run / "model_card.json";
  std::error_code unknown;
  if (!fs::exists(path, unknown))
    throw DataError(fmt::format("{}: cannot be read; is {} a run directory?", path.string(), run.string()));
  try {
    ModelCard card = card_of(Json::parse(read_text(path)));
    check_plausible(path, card);
    return card;
  } catch (const Json::exception& error) {
    throw DataError(fmt::format("{}: is no model card: {}", path.string(), error.what()));
  }
}

}  // namespace cudenza
