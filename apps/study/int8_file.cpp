#include "apps/study/int8_file.h"

#include <algorithm>
#include <cmath>

#include "engine/io/own_files.h"
#include "engine/nn/checkpoint.h"

namespace cudenza {
namespace {

constexpr std::string_view kGroup = "int8", kLayers = "int8/layers", kNumbers = "int8/numbers";
constexpr int64_t kColumns = 3;  ///< x_scale, and y's scale and zero
constexpr int kMiddle = 128;     ///< the zero of results with a sign

std::string place(std::string_view what, const std::string& layer) { return fmt::format("{}/{}/{}", kGroup, what, layer); }

template <class... Args> [[noreturn]] void fail(const Hdf5File& file, fmt::format_string<Args...> text, Args&&... args) {
  throw DataError(fmt::format("{}: is no quantized model that can be used: {}; quantize the run anew", file.path().string(),
                              fmt::format(text, std::forward<Args>(args)...)));
}

Int8Plan plan_of(const Hdf5File& file, const std::string& layer, const float* row) {
  const float x_scale = row[0], y_scale = row[1], zero = row[2];
  const auto is_scale = [](float scale) { return scale == 0 || is_sensible_scale(scale); };
  if (!is_scale(x_scale) || !is_scale(y_scale) || (zero != 0 && zero != kMiddle) || (x_scale == 0 && y_scale == 0))
    fail(file, "'{}' has the scales {} and {} and the zero {}", layer, x_scale, y_scale, zero);
  return {.x_scale = x_scale, .y = {.scale = y_scale, .zero = static_cast<int>(zero)}};
}

Tensor numbers_of(const Hdf5File& file, std::string_view what, const std::string& layer) {
  Tensor numbers = file.read(place(what, layer));
  if (numbers.dtype() != DType::f32) fail(file, "the {} of '{}' are {}, not f32", what, layer, numbers.dtype());
  require_finite(file, place(what, layer), numbers, "quantize the run anew");
  return numbers;
}

/// Whether they have the layer's shapes is seen by set_int8().
Int8Weights weights_of(const Hdf5File& file, const std::string& layer) {
  Int8Weights weights{file.read(place("weights", layer)), numbers_of(file, "scales", layer), numbers_of(file, "biases", layer)};
  if (weights.bytes.dtype() != DType::u8) fail(file, "the weights of '{}' are {}, not bytes", layer, weights.bytes.dtype());
  constexpr uint8_t kNone = 128;  // the bits of -128, with which sums of 32 bits may overflow
  const auto bytes = weights.bytes.span<uint8_t>();
  if (std::ranges::find(bytes, kNone) != bytes.end()) fail(file, "a weight of '{}' is -128", layer);
  for (const float scale : weights.scale.span<float>()) {
    if (scale != 0 && !is_sensible_scale(scale)) fail(file, "a filter of '{}' has the scale {}", layer, scale);
  }
  return weights;
}

/// Layers whose weights are there in bytes.
int64_t layers_held(const Hdf5File& file) { return file.contains("int8/weights") ? std::ssize(file.names("int8/weights")) : 0; }

}  // namespace

std::string checksum_of(const std::filesystem::path& path) {
  constexpr size_t kBlock = 512;
  const std::string head = beginning_of(path, kBlock);
  return head.starts_with("cudenza checksum ") ? head.substr(0, head.find('\n')) : "";
}

void write_int8(Hdf5File& file, const Int8Plans& plans, const Int8Facts& facts) {
  std::vector<std::string> names;
  std::vector<float> numbers;
  for (const auto& [name, plan] : plans) {
    names.push_back(name);
    numbers.insert(numbers.end(), {plan.x_scale, plan.y.scale, static_cast<float>(plan.y.zero)});
    if (plan.x_scale == 0) continue;
    file.write(place("weights", name), plan.weights.bytes);
    file.write(place("scales", name), plan.weights.scale);
    file.write(place("biases", name), plan.weights.bias);
  }
  file.write_texts(kLayers, names);
  file.write(kNumbers, Tensor::from(numbers, {std::ssize(names), kColumns}));
  file.set_attribute(kGroup, "made_of", facts.made_of);
  file.set_attribute(kGroup, "clips", facts.clips);
  file.set_attribute(kGroup, "part", facts.part);
  file.set_attribute(kGroup, "files", facts.f32.count);
  file.set_attribute(kGroup, "f32_correct", facts.f32.successes);
  file.set_attribute(kGroup, "int8_correct", facts.int8.successes);
  file.set_attribute(kGroup, "answers_changed", facts.changed);
}

bool is_quantized(const Hdf5File& file) { return file.contains(kGroup); }

Int8Plans read_int8(const Hdf5File& file) {
  const std::vector<std::string> names = file.read_texts(kLayers);
  const Tensor numbers = file.read(kNumbers);
  if (names.empty()) fail(file, "it names no layers");
  if (numbers.shape() != Shape{std::ssize(names), kColumns} || numbers.dtype() != DType::f32)
    fail(file, "it names {} layers, but their numbers are {} {}", names.size(), numbers.dtype(), numbers.shape());
  Int8Plans plans;
  const float* row = numbers.data<float>();
  for (const std::string& name : names) {
    Int8Plan plan = plan_of(file, name, row);
    if (plan.x_scale > 0) plan.weights = weights_of(file, name);
    if (!plans.emplace(name, std::move(plan)).second) fail(file, "it names '{}' twice", name);
    row += kColumns;
  }
  const int64_t held = layers_held(file);
  if (held != layers_in_bytes(plans))
    fail(file, "it has weights in bytes for {} layers, but {} compute in bytes", held, layers_in_bytes(plans));
  return plans;
}

Int8Facts read_int8_facts(const Hdf5File& file) {
  const auto number = [&](std::string_view name) { return file.attribute<int64_t>(kGroup, name); };
  Int8Facts facts{.made_of = file.attribute<std::string>(kGroup, "made_of"),
                  .layers = layers_held(file),
                  .clips = number("clips"),
                  .part = file.attribute<std::string>(kGroup, "part"),
                  .f32 = {number("f32_correct"), number("files")},
                  .int8 = {number("int8_correct"), number("files")},
                  .changed = number("answers_changed")};
  const auto counts = [&](int64_t some) { return some >= 0 && some <= facts.f32.count; };
  if (facts.clips <= 0 || !counts(facts.f32.successes) || !counts(facts.int8.successes) || !counts(facts.changed))
    fail(file, "of {} files f32 has {} right and int8 {}, {} differ, and {} clips were calibrated on", facts.f32.count,
         facts.f32.successes, facts.int8.successes, facts.changed, facts.clips);
  return facts;
}

int64_t layers_in_bytes(const Int8Plans& plans) {
  return std::ranges::count_if(plans, [](const auto& named) { return named.second.x_scale > 0; });
}

std::vector<std::string> replaced_weights(const Int8Plans& plans) {
  std::vector<std::string> names;
  for (const auto& [name, plan] : plans) {
    if (plan.x_scale > 0) names.push_back(name + ".weight");
  }
  return names;
}

std::string comparison_of(const Int8Facts& facts) {
  return fmt::format("of {} files ({}) f32 has {} right ({:.1f} %) and int8 {} ({:.1f} %); {} answers differ", facts.f32.count,
                     facts.part, facts.f32.successes, 100 * facts.f32.value(), facts.int8.successes, 100 * facts.int8.value(),
                     facts.changed);
}

}  // namespace cudenza
