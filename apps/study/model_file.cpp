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

constexpr std::string_view kInt8 = "int8", kInt8Layers = "int8/layers", kInt8Numbers = "int8/numbers";
constexpr int64_t kInt8Columns = 3;  ///< x_scale, and y's scale and zero

void write_int8(Hdf5File& file, const Int8Plans& plans) {
  std::vector<std::string> names;
  std::vector<float> numbers;
  for (const auto& [name, plan] : plans) {
    names.push_back(name);
    numbers.insert(numbers.end(), {plan.x_scale, plan.y.scale, static_cast<float>(plan.y.zero)});
  }
  file.write_texts(kInt8Layers, names);
  file.write(kInt8Numbers, Tensor::from(numbers, {static_cast<int64_t>(names.size()), kInt8Columns}));
}

Int8Plans read_int8(const Hdf5File& file) {
  if (!file.contains(kInt8)) return {};
  const std::vector<std::string> names = file.read_texts(kInt8Layers);
  const Tensor numbers = file.read(kInt8Numbers);
  const auto fail = [&](const std::string& why) {
    throw DataError(fmt::format("{}: its int8 layers {}: it is damaged; quantize the run anew", file.path().string(), why));
  };
  if (numbers.shape() != Shape{static_cast<int64_t>(names.size()), kInt8Columns} || numbers.dtype() != DType::f32)
    fail(fmt::format("are {}, but their numbers {} {}", names.size(), numbers.dtype(), numbers.shape()));
  Int8Plans plans;
  const float* row = numbers.data<float>();
  for (const std::string& name : names) {
    if (!std::isfinite(row[0]) || row[0] < 0 || !std::isfinite(row[1]) || row[1] < 0 || (row[2] != 0 && row[2] != 128))
      fail(fmt::format("have the scales {} and {} and the zero {} for {}", row[0], row[1], row[2], name));
    plans[name] = {.x_scale = row[0], .y = {.scale = row[1], .zero = static_cast<int>(row[2])}};
    row += kInt8Columns;
  }
  return plans;
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
  if (!model.int8.empty()) write_int8(file, model.int8);
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
  model.int8 = read_int8(file);
  sensible(file, "its int8 layers", [&] { return set_int8(*model.network, model.int8), set_int8(*model.network, {}), 0; });
  return model;
}

DType judging_type(Model& model, const Compute& compute, Device device) {
  const bool asked = compute.precision == "int8";
  require(!asked || !model.int8.empty(),
          "`precision` int8: the model is not quantized; make one that is with `cudenza quantize RUN DATA` and name its file");
  const bool int8 = asked || (compute.precision == "auto" && device.is_cpu() && !model.int8.empty());
  const DType dtype = int8 ? type_beside_int8(compute, device) : study_type(compute, device);
  set_int8(*model.network, int8 ? model.int8 : Int8Plans());
  return dtype;
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
