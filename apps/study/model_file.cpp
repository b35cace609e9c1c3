#include "apps/study/model_file.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/core/name_table.h"

namespace cudenza {
namespace {

constexpr std::string_view kGroup = "model";
constexpr NameTable kHeads("head", {std::pair{HeadKind::original, "linear"},
                                    {HeadKind::fastai, "fastai"},
                                    {HeadKind::pyramid, "pyramid"}});

/// The head that a file of weights has; none if it holds a body alone.
std::optional<HeadKind> head_in(const Hdf5File& file) {
  const std::vector<std::string> names = file.names();
  const auto has = [&](std::string_view prefix) {
    return std::ranges::any_of(names, [&](const std::string& name) { return name.starts_with(prefix); });
  };
  if (has("head.")) return has("head.fc1.") ? HeadKind::fastai : HeadKind::pyramid;
  return has("fc.") || has("classifier.") ? std::optional(HeadKind::original) : std::nullopt;
}

}  // namespace

std::string_view name_of(HeadKind head) { return kHeads.name_of(head); }
HeadKind head_from_name(std::string_view name) { return kHeads.value_of(name); }

void begin_anew(Model& model, const Recipe& recipe, uint64_t seed) {
  model.head = head_from_name(recipe.head);
  model.random = std::make_shared<Generator>(seed);
  model.network = make_network(model.arch, {.classes = static_cast<int>(model.classes.size()),
                                            .in_channels = model.input.picture.channels,
                                            .head = model.head,
                                            .drop_path = recipe.drop_path,
                                            .random = model.random});
  Generator initial(seed);
  model.network->initialize(initial);
}

void write_model(Hdf5File& file, const Model& model) {
  write_info(file, {.arch = model.arch,
                    .input_size = model.input.picture.height,
                    .classes = model.classes,
                    .license = model.license,
                    .origin = model.origin});
  write_state(file, *model.network);
  write_input_spec(file, model.input);
  file.set_attribute(kGroup, "head", std::string(name_of(model.head)));
  file.set_attribute(kGroup, "temperature", model.temperature);
  file.set_attribute(kGroup, "weights", model.weights);
  file.set_attribute(kGroup, "weights_sha256", model.weights_sha);
}

void take_origin(const Hdf5File& file, Model& model) {
  model.weights = file.attribute<std::string>(kGroup, "weights");
  model.weights_sha = file.attribute<std::string>(kGroup, "weights_sha256");
  const WeightsInfo info = read_info(file);
  model.license = info.license;
  model.origin = info.origin;
}

std::filesystem::path model_path(const std::filesystem::path& run) {
  return std::filesystem::is_directory(run) ? run / "best.h5" : run;
}

Model read_model(const std::filesystem::path& path, Device device) {
  const Hdf5File file(path);
  const WeightsInfo info = read_info(file);
  if (!file.contains(kGroup)) {
    throw DataError(
        fmt::format("{}: holds the weights of {}, but no model trained here: give a run directory, or train one with "
                    "`weights` {}",
                    path.string(), info.arch, path.string()));
  }
  if (info.classes.empty()) throw DataError(fmt::format("{}: names no classes: it is damaged", path.string()));
  const double temperature = file.attribute<double>(kGroup, "temperature");
  if (!std::isfinite(temperature) || temperature <= 0)
    throw DataError(fmt::format("{}: its temperature is {}, but must be a positive number", path.string(), temperature));
  Model model{.arch = info.arch,
              .head = sensible(file, "its head", [&] { return head_from_name(file.attribute<std::string>(kGroup, "head")); }),
              .classes = info.classes,
              .input = read_input_spec(file),
              .temperature = temperature,
              .weights = {},
              .weights_sha = {},
              .license = {},
              .origin = {},
              .random = std::make_shared<Generator>(0),
              .network = nullptr};
  take_origin(file, model);
  model.network = sensible(file, "its network", [&] {
    return make_network(model.arch, {.classes = static_cast<int>(model.classes.size()),
                                     .in_channels = model.input.picture.channels,
                                     .head = model.head,
                                     .random = model.random});
  });
  read_state(file, *model.network);
  model.network->to(device);
  model.network->train(false);
  return model;
}

LoadReport begin_with(Model& model, const WeightsFile& weights, bool keep_head) {
  const Hdf5File& file = weights.file;
  const WeightsInfo info = read_info(file);
  if (info.arch != model.arch) {
    throw DataError(fmt::format("{}: holds weights of {}, but `arch` says {}", weights.path.string(), info.arch, model.arch));
  }
  LoadOptions options;
  const std::optional<HeadKind> head = head_in(file);
  const bool same_head = head == model.head;
  if (!same_head) options.replace_head = {"head.", "fc.", "classifier."};
  else if (!keep_head) options.replace_head = {model.network->head_prefix()};
  require(head || !keep_head, "`keep_head`: {} has no head to keep", weights.path.string());
  require(same_head || !keep_head, "`keep_head`: {} has another kind of head; say `head` {}", weights.path.string(),
          name_of(head.value_or(HeadKind::original)));
  model.weights = weights.path.filename().string();
  model.weights_sha = info.source_sha256;
  model.license = info.license;
  model.origin = info.origin;
  return read_state(file, *model.network, options);
}

}  // namespace cudenza
