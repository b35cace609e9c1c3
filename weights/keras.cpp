#include "weights/keras.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <set>

#include "weights/keras_layers.h"

namespace cudenza {
namespace {

constexpr uint64_t kPieceBytes = 4 << 20;

/// The numbers of a data set, read by rows.
class DataSetNumbers : public NumberStore {
 public:
  DataSetNumbers(std::shared_ptr<const Hdf5File> file, std::string name) : file_(std::move(file)), name_(std::move(name)) {
    const auto [shape, dtype] = file_->extent(name_);
    rank_ = shape.rank();
    row_ = (rank_ == 0 || shape[0] == 0 ? 1 : static_cast<uint64_t>(shape.numel() / shape[0])) * size_of(dtype);
  }

  void read(uint64_t at, std::span<std::byte> out) const override {
    while (!out.empty()) {
      const uint64_t first = at / row_, skipped = at - first * row_;
      const uint64_t rows = std::min((skipped + out.size() + row_ - 1) / row_, std::max<uint64_t>(1, kPieceBytes / row_));
      const Tensor piece =
          rank_ == 0 ? file_->read(name_) : file_->read_rows(name_, static_cast<int64_t>(first), static_cast<int64_t>(rows));
      const size_t count = std::min<size_t>(out.size(), rows * row_ - skipped);
      std::memcpy(out.data(), static_cast<const std::byte*>(piece.raw()) + skipped, count);
      out = out.subspan(count);
      at += count;
    }
  }

 private:
  std::shared_ptr<const Hdf5File> file_;
  std::string name_;
  int rank_ = 0;
  uint64_t row_ = 1;  ///< bytes
};

/// The group that the model's weights are in.
std::string weights_group(const Hdf5File& file) { return file.contains("model_weights") ? "model_weights" : "/"; }

std::string within(const std::string& group, const std::string& name) { return group == "/" ? name : group + '/' + name; }

/// The texts of an attribute; none if it is absent or is no list of texts (h5py writes an empty one as numbers).
std::vector<std::string> texts_of(const Hdf5File& file, const std::string& object, const std::string& name) {
  if (!file.has_attribute(object, name)) return {};
  const Hdf5Attribute value = file.attribute(object, name);
  if (const auto* one = std::get_if<std::string>(&value)) return {*one};
  const auto* list = std::get_if<std::vector<std::string>>(&value);
  return list ? *list : std::vector<std::string>();
}

std::string text_of(const Hdf5File& file, const std::string& object, const std::string& name) {
  const std::vector<std::string> texts = texts_of(file, object, name);
  return texts.size() == 1 ? texts.front() : "";
}

bool is_ours(const Hdf5File& file) { return text_of(file, "/", "format").starts_with("cudenza"); }

/// Paths of the variables in the model's order, from the attributes of Keras 1 to 3; empty if they are not there.
std::vector<std::string> ordered_paths(const Hdf5File& file, const std::string& group) {
  std::vector<std::string> paths;
  for (const std::string& layer : texts_of(file, group, "layer_names")) {
    const std::string inner = within(group, layer);
    if (layer.empty() || layer.find("//") != std::string::npos || !file.contains(inner)) return {};
    for (const std::string& name : texts_of(file, inner, "weight_names")) paths.push_back(inner + '/' + name);
  }
  return paths;
}

/// The numbers that stand after `key` in a model's configuration, if they all are the same one.
std::optional<double> only_number_after(const std::string& config, std::string_view key) {
  std::optional<double> only;
  for (size_t at = config.find(key); at != std::string::npos; at = config.find(key, at + 1)) {
    double value = 0;
    const char* const begin = config.data() + at + key.size();
    if (std::from_chars(begin, config.data() + config.size(), value).ec != std::errc() || (only && *only != value)) return {};
    only = value;
  }
  return only && *only > 0 && *only < 1 ? only : std::nullopt;
}

void read_config(const Hdf5File& file, KerasFile& keras) {
  const std::string config = text_of(file, "/", "model_config");
  keras.channels_first = config.find("\"data_format\": \"channels_first\"") != std::string::npos;
  keras.epsilon = only_number_after(config, "\"epsilon\": ");
}

/// What a Keras 3 group says of itself: vars has the layer's name as an attribute.
std::string layer_name(const Hdf5File& file, const std::string& path) {
  const std::string group = path.substr(0, path.rfind('/'));
  return group.ends_with("/vars") ? text_of(file, group, "name") : "";
}

TensorRecord record_of(const FileBytes& file, const std::shared_ptr<const Hdf5File>& hdf5, const std::string& path) {
  check_printable_name(file, path);
  hdf5->check_held(path);
  const auto [shape, dtype] = hdf5->extent(path);
  TensorRecord record{.name = path, .dtype = dtype, .sizes = {shape.begin(), shape.end()}};
  record.strides = contiguous_strides(record.sizes);
  record.store = std::make_shared<const DataSetNumbers>(hdf5, path);
  return record;
}

/// The variables of the model, not its optimizer's, in the model's order where the file has it.
KerasFile variables_of(const FileBytes& file, const std::shared_ptr<const Hdf5File>& hdf5) {
  KerasFile keras;
  const std::string group = weights_group(*hdf5);
  std::vector<std::string> paths;
  for (const std::string& name : hdf5->names(group)) {
    if (is_keras_variable(name)) paths.push_back(name);
  }
  if (paths.size() > kMostTensors) file.fail("holds more than {} tensors", kMostTensors);
  const std::vector<std::string> ordered = ordered_paths(*hdf5, group);
  const std::set<std::string> present(paths.begin(), paths.end()), listed(ordered.begin(), ordered.end());
  keras.is_ordered = !ordered.empty() && listed == present && listed.size() == ordered.size();
  for (const std::string& path : keras.is_ordered ? ordered : paths)
    keras.variables.push_back({record_of(file, hdf5, path), layer_name(*hdf5, path)});
  read_config(*hdf5, keras);
  return keras;
}

SourceFacts facts_of(const Hdf5File& file) {
  SourceFacts facts;
  const std::string group = weights_group(file);
  const auto text = [&](const char* name) { return text_of(file, group, name); };
  for (const char* key : {"license", "origin", "source", "author", "url"}) facts.note(key, text(key));
  if (const std::string version = text("keras_version"); !version.empty())
    facts.note("producer", fmt::format("written by Keras {} with {}", version, text("backend")));
  return facts;
}

}  // namespace

bool is_keras(const Hdf5File& file) { return !is_ours(file) && std::ranges::any_of(file.names(), is_keras_variable); }

WeightContent read_keras(const FileBytes& file) {
  const auto hdf5 = std::make_shared<const Hdf5File>(file.path());
  if (is_ours(*hdf5)) file.fail("is HDF5 already: it needs no conversion");
  const KerasFile keras = variables_of(file, hdf5);
  if (keras.variables.empty())
    file.fail("is HDF5, but holds no weights of Keras's: nothing in it is called kernel, bias or the like");
  StateDict dict{.layers = keras_layers(file, keras)};
  for (const KerasVariable& variable : keras.variables) dict.tensors.push_back(variable.record);
  return {.state_dicts = {std::move(dict)}, .facts = facts_of(*hdf5)};
}

}  // namespace cudenza
