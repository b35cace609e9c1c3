#include "apps/study/model_file.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/core/name_table.h"
#include "engine/nn/layers.h"

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

/// Throws UsageError if a run's quantized model cannot stand for its best.h5, which may have gone.
void check_quantized(const std::filesystem::path& run) {
  const std::filesystem::path quantized = quantized_path(run), best = run / "best.h5";
  require(std::filesystem::exists(quantized),
          "`precision` int8: {} is not quantized, it has no {}; make it with `cudenza quantize {} DATA`", run.string(),
          quantized.filename().string(), run.string());
  const Hdf5File file(quantized);
  if (!is_quantized(file) || !std::filesystem::exists(best)) return;  // what is no quantized model is refused later
  require(is_made_of(read_int8_facts(file), best),
          "`precision` int8: {} was made of other weights than {} holds now; make it anew with `cudenza quantize {} DATA`",
          quantized.string(), best.string(), run.string());
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
  write_state(file, *model.network, "/", replaced_weights(model.int8));
  write_input_spec(file, model.input);
  file.set_attribute(kGroup, "head", std::string(name_of(model.head)));
  file.set_attribute(kGroup, "temperature", model.temperature);
  file.set_attribute(kGroup, "weights", model.weights);
  file.set_attribute(kGroup, "weights_sha256", model.weights_sha);
  if (!model.int8.empty()) write_int8(file, model.int8, model.int8_facts);
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

std::filesystem::path quantized_path(const std::filesystem::path& run) { return run / "int8.h5"; }

bool is_made_of(const Int8Facts& facts, const std::filesystem::path& model) { return facts.made_of == checksum_of(model); }

std::filesystem::path judged_path(const std::filesystem::path& run, const Compute& compute) {
  if (compute.precision != "int8" || !std::filesystem::is_directory(run)) return model_path(run);
  check_quantized(run);
  return quantized_path(run);
}

namespace {

/// The rest of a quantized model: its weights in bytes, and in f32 what they do not replace.
void read_int8_model(const Hdf5File& file, Model& model, Device device) {
  const std::string path = file.path().string();
  require(device.is_cpu(), "{}: is quantized, for a CPU; give `device` cpu, or the run that it was made of", path);
  model.int8 = read_int8(file);
  sensible(file, "its int8 layers", [&] { return set_int8(*model.network, model.int8), 0; });
  read_state(file, *model.network, {.replace_head = replaced_weights(model.int8)});
  drop_replaced_weights(*model.network);
}

}  // namespace

Model read_model_facts(const Hdf5File& file) {
  const std::string path = file.path().string();
  const WeightsInfo info = read_info(file);
  if (!file.contains(kGroup)) {
    throw DataError(
        fmt::format("{}: holds the weights of {}, but no model trained here: give a run directory, or train one with "
                    "`weights` {}",
                    path, info.arch, path));
  }
  if (info.classes.empty()) throw DataError(fmt::format("{}: names no classes: it is damaged", path));
  const double temperature = file.attribute<double>(kGroup, "temperature");
  if (!std::isfinite(temperature) || temperature <= 0)
    throw DataError(fmt::format("{}: its temperature is {}, but must be a positive number", path, temperature));
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
  if (is_quantized(file)) model.int8_facts = read_int8_facts(file);
  return model;
}

Model read_model(const std::filesystem::path& path, Device device) {
  const Hdf5File file(path);
  Model model = read_model_facts(file);
  model.network = sensible(file, "its network", [&] {
    const UnsetWeights unset;
    return make_network(model.arch, {.classes = static_cast<int>(model.classes.size()),
                                     .in_channels = model.input.picture.channels,
                                     .head = model.head,
                                     .random = model.random});
  });
  if (is_quantized(file)) read_int8_model(file, model, device);
  else read_state(file, *model.network);
  model.network->to(device);
  model.network->train(false);
  return model;
}

DType judging_type(Model& model, const Compute& compute, Device device) {
  const bool int8 = !model.int8.empty();
  require(int8 || compute.precision != "int8",
          "`precision` int8: the model is not quantized; make one that is with `cudenza quantize RUN DATA` and name its file");
  require(!int8 || compute.precision == "int8" || compute.precision == "auto",
          "`precision` {}: the model is quantized and computes in int8 alone; give the run that it was made of",
          compute.precision);
  set_int8(*model.network, model.int8);
  return int8 ? type_beside_int8(compute, device) : study_type(compute, device);
}

LoadReport begin_with(Model& model, const WeightsFile& weights, bool keep_head) {
  const Hdf5File& file = weights.file;
  const WeightsInfo info = read_info(file);
  if (is_quantized(file))
    throw DataError(fmt::format("{}: is quantized, and only judges: take the file that it was made of", weights.path.string()));
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
