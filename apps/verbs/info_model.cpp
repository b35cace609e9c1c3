#include "apps/verbs/info_model.h"

#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "apps/cli/output.h"
#include "apps/study/model_file.h"
#include "engine/run/model_card.h"

namespace cudenza {
namespace {
namespace fs = std::filesystem;

using Json = nlohmann::ordered_json;

struct Described {
  fs::path path;
  Model model;
  std::optional<ModelCard> card;  ///< beside a run's model
  fs::path int8_path;             ///< of the quantized model; empty: there is none
  Int8Facts int8;
  bool is_outdated = false;  ///< the quantized model was made of other weights
};

Described read_all(const fs::path& run) {
  const fs::path path = model_path(run);
  const Hdf5File file(path);
  Described all{.path = path, .model = read_model_facts(file), .card = {}, .int8_path = {}, .int8 = {}};
  if (is_quantized(file)) all.int8_path = path, all.int8 = all.model.int8_facts;
  if (!fs::is_directory(run)) return all;
  if (fs::exists(run / "model_card.json")) all.card = read_model_card(run);
  if (!fs::exists(quantized_path(run))) return all;
  all.int8_path = quantized_path(run);
  all.int8 = read_model_facts(Hdf5File(all.int8_path)).int8_facts;
  all.is_outdated = !is_made_of(all.int8, path);
  return all;
}

Json json_of(const Described& all) {
  const Int8Facts& q = all.int8;
  const auto figure = [](Proportion correct) { return Json{{"correct", correct.successes}, {"accuracy", correct.value()}}; };
  Json result, int8;
  if (all.card) {
    const ModelCard::Result& r = all.card->result;
    result = {
        {"part", r.split}, {"correct", r.correct}, {"count", r.count}, {"accuracy", Proportion{r.correct, r.count}.value()}};
  }
  if (!all.int8_path.empty())
    int8 = {{"file", all.int8_path.string()}, {"layers", q.layers},     {"calibration_clips", q.clips},
            {"activations", kActivationRule}, {"part", q.part},         {"count", q.f32.count},
            {"f32", figure(q.f32)},           {"int8", figure(q.int8)}, {"answers_changed", q.changed},
            {"outdated", all.is_outdated}};
  return {{"file", all.path.string()},
          {"arch", all.model.arch},
          {"head", name_of(all.model.head)},
          {"classes", all.model.classes},
          {"media", all.model.input.media == Media::sound ? "sound" : "pictures"},
          {"weights", all.model.weights.empty() ? Json() : Json(all.model.weights)},
          {"license", all.model.license.empty() ? Json() : Json(all.model.license)},
          {"result", result},
          {"int8", int8}};
}

void print_int8(const Described& all) {
  if (all.int8_path.empty()) return print_out("int8         not quantized\n");
  print_out("int8         {}: {} layers, calibrated on {} clips; {}\n", all.int8_path.string(), all.int8.layers, all.int8.clips,
            kActivationRule);
  print_out("             {}\n", comparison_of(all.int8));
  if (all.is_outdated)
    print_out("             made of other weights than {} holds now; quantize the run anew\n", all.path.string());
}

void print_text(const Described& all) {
  const Model& m = all.model;
  print_out("model        {}: {}, {} head, {} classes: {}\n", all.path.string(), m.arch, name_of(m.head), m.classes.size(),
            fmt::join(m.classes, " "));
  const std::string from = m.weights.empty() ? "nothing" : m.weights;
  print_out("learnt       from {}, began with {}{}\n", m.input.media == Media::sound ? "sounds" : "pictures", from,
            m.license.empty() ? "" : fmt::format(" (licence: {})", m.license));
  if (all.card) {
    const ModelCard::Result& r = all.card->result;
    print_out("judged       {} of {} files ({}): {:.1f} %\n", r.correct, r.count, r.split,
              100 * Proportion{r.correct, r.count}.value());
  }
  print_int8(all);
}

}  // namespace

void describe_model(const fs::path& run, bool as_json) {
  const Described all = read_all(run);
  if (as_json) print_json(json_of(all));
  else print_text(all);
}

}  // namespace cudenza
