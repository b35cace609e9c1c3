#include "engine/nn/checkpoint.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/nn/layers.h"
#include "kernels/layout/layout.h"

namespace cudenza {
namespace {

constexpr std::string_view kFormat = "cudenza";
constexpr int64_t kFormatVersion = 2;           // 1: files had no checksum, and classes were always an attribute
constexpr size_t kMostListed = 8;               // names per message
constexpr size_t kMostClassesAttribute = 1000;  // so many fit in an attribute with room to spare

bool begins_with_any(const std::string& name, const std::vector<std::string>& prefixes) {
  return std::ranges::any_of(prefixes, [&](const std::string& prefix) { return name.starts_with(prefix); });
}

std::string listed(const std::vector<std::string>& names) {
  const size_t shown = std::min(names.size(), kMostListed);
  return fmt::format("{}{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), " "),
                     names.size() > shown ? fmt::format(" and {} more", names.size() - shown) : "");
}

std::string within(std::string_view group, const std::string& name) {
  return group == "/" ? name : fmt::format("{}/{}", group, name);
}

template <class T> int64_t count_not_finite(const Tensor& host) {
  return std::ranges::count_if(host.span<T>(), [](T v) { return !std::isfinite(v); });
}

StateEntry entry_of(const NamedTensor& t, int positions) {
  StateEntry entry{.name = t.name, .tensor = t.tensor, .file_shape = t.tensor.shape()};
  const Shape& s = t.tensor.shape();
  if (s.rank() == 4) {
    entry.file_shape = {s[0], s[3], s[1], s[2]};
    entry.rows = s[0], entry.channels = s[3], entry.positions = s[1] * s[2];
  } else if (s.rank() == 2) {
    entry.rows = s[0], entry.channels = s[1] / positions, entry.positions = positions;
  } else {
    entry.channels = s.numel();
  }
  return entry;
}

/// x [batch, rows, columns] with its inner axes transposed, reshaped to `result`.
Tensor exchanged(const Tensor& x, const kernels::TransposeShape& shape, const Shape& result) {
  if (shape.rows == 1 || shape.columns == 1) return x.view(result);
  const Tensor y = Tensor::empty(result, DType::f32);
  kernels::transpose(kernels::Cpu{}, static_cast<const uint32_t*>(x.raw()), static_cast<uint32_t*>(y.raw()), shape);
  return y;
}

/// Sums filters [O,C,h,w] over C: on one channel they give what the originals give on C equal channels.
Tensor summed_over_channels(const Tensor& w) {
  const int64_t channels = w.size(1), positions = w.size(2) * w.size(3);
  const Tensor sums = Tensor::empty({w.size(0), 1, w.size(2), w.size(3)}, DType::f32);
  const auto from = w.span<float>(), to = sums.span<float>();
  for (int64_t o = 0; o < w.size(0); ++o) {
    for (int64_t p = 0; p < positions; ++p) {
      double sum = 0;
      for (int64_t c = 0; c < channels; ++c) sum += from[(o * channels + c) * positions + p];
      to[o * positions + p] = static_cast<float>(sum);
    }
  }
  return sums;
}

/// Compares a file's tensors with a network's before any is loaded.
class Comparison {
 public:
  Comparison(const Hdf5File& file, const std::vector<StateEntry>& state, const LoadOptions& options)
      : file_(file), options_(options) {
    for (const std::string& name : file.names(options.group)) {
      const std::string own = options.group == "/" ? name : name.substr(std::string_view(options.group).size() + 1);
      const bool is_tensor = own.find('/') == std::string::npos && !own.ends_with("num_batches_tracked");
      if (is_tensor) in_file_.insert(own);
    }
    const auto first_filter = std::ranges::find_if(state, [](const StateEntry& e) { return e.file_shape.rank() == 4; });
    for (const StateEntry& e : state) compare(e, first_filter != state.end() && &e == &*first_filter);
    for (const std::string& name : in_file_) {
      if (!expected_.contains(name) && !begins_with_any(name, options.replace_head)) report_.unexpected.push_back(name);
    }
  }

  /// Throws DataError unless the options allow every difference.
  LoadReport checked() const {
    const auto refuse = [&](const std::string& what) {
      throw DataError(fmt::format("{}: does not fit this network: {}", file_.path().string(), what));
    };
    if (!shapes_.empty()) refuse(fmt::format("{}{}", fmt::join(shapes_, "; "), replacement_hint()));
    if (!report_.missing.empty() && !options_.allow_missing) refuse("it lacks " + listed(report_.missing) + quantized_hint());
    if (!report_.unexpected.empty() && !options_.allow_unexpected)
      refuse("the network has no place for " + listed(report_.unexpected));
    return report_;
  }

 private:
  void compare(const StateEntry& e, bool is_first_filter) {
    expected_.insert(e.name);
    if (begins_with_any(e.name, options_.replace_head)) return report_.replaced.push_back(e.name);
    if (!in_file_.contains(e.name)) return report_.missing.push_back(e.name);
    const Shape stored = file_.extent(within(options_.group, e.name)).shape;
    const Shape& s = e.file_shape;
    if (stored != s) {
      const bool can_be_summed = is_first_filter && s[1] == 1 && stored.rank() == 4 && stored[1] == 3 && stored[0] == s[0] &&
                                 stored[2] == s[2] && stored[3] == s[3];
      if (can_be_summed) report_.summed_channels = true;
      else if (shapes_.size() < kMostListed) note_shapes(e.name, stored, s);
    }
    report_.loaded.push_back(e.name);
  }

  void note_shapes(const std::string& name, const Shape& stored, const Shape& wanted) {
    shapes_.push_back(fmt::format("{} is {} in the file and {} in the network", name, stored, wanted));
    if (example_.empty()) example_ = name.substr(0, name.rfind('.') + 1);
  }

  std::string replacement_hint() const {
    return example_.empty() ? "" : fmt::format(" (a layer to be learnt anew is named in replace_head: \"{}\")", example_);
  }

  std::string quantized_hint() const {
    return file_.contains("int8") ? "; it is quantized, and only judges: take the file that it was made of" : "";
  }

  const Hdf5File& file_;
  const LoadOptions& options_;
  std::set<std::string> in_file_, expected_;
  std::vector<std::string> shapes_;
  std::string example_;
  LoadReport report_;
};

Tensor stored_numbers(const Hdf5File& file, const StateEntry& e, std::string_view group) {
  return file.read(within(group, e.name)).to(DType::f32);
}

void load(const Hdf5File& file, const StateEntry& e, std::string_view group) {
  Tensor stored = stored_numbers(file, e, group);
  if (stored.shape() != e.file_shape) stored = summed_over_channels(stored);
  const Tensor ours = exchanged(stored, {e.rows, e.channels, e.positions}, e.tensor.shape());
  e.tensor.copy_from(ours.to(e.tensor.dtype()).to(e.tensor.device()));
}

}  // namespace

void write_info(Hdf5File& file, const WeightsInfo& info) {
  file.set_attribute("/", "format", std::string(kFormat));
  file.set_attribute("/", "format_version", kFormatVersion);
  file.set_attribute("/", "arch", info.arch);
  file.set_attribute("/", "source", info.source);
  file.set_attribute("/", "source_sha256", info.source_sha256);
  file.set_attribute("/", "input_size", info.input_size);
  file.set_attribute("/", "mean", info.mean);
  file.set_attribute("/", "std", info.std);
  file.set_attribute("/", "interpolation", info.interpolation);
  const auto set_if_known = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) file.set_attribute("/", name, text);
  };
  set_if_known("license", info.license);
  set_if_known("origin", info.origin);
  set_if_known("note", info.note);
  if (info.classes.size() <= kMostClassesAttribute) file.set_attribute("/", "classes", info.classes);
  else file.write_texts("classes", info.classes);
}

WeightsInfo read_info(const Hdf5File& file) {
  const std::string path = file.path().string();
  if (file.attribute_or<std::string>("/", "format", "") != kFormat)
    throw DataError(fmt::format("{}: is HDF5, but not weights of cudenza; `cudenza weights convert` makes them", path));
  const auto version = file.attribute<int64_t>("/", "format_version");
  if (version < 1 || version > kFormatVersion)
    throw DataError(fmt::format("{}: has format version {}; this program reads 1 to {}", path, version, kFormatVersion));
  const auto numbers = [&](std::string_view name) {
    auto values = file.attribute<std::vector<double>>("/", name);
    if (!std::ranges::all_of(values, [](double v) { return std::isfinite(v); }))
      throw DataError(fmt::format("{}: attribute '{}' holds a number that is not finite", path, name));
    return values;
  };
  return {.arch = file.attribute<std::string>("/", "arch"),
          .source = file.attribute<std::string>("/", "source"),
          .source_sha256 = file.attribute<std::string>("/", "source_sha256"),
          .input_size = file.attribute<int64_t>("/", "input_size"),
          .mean = numbers("mean"),
          .std = numbers("std"),
          .interpolation = file.attribute<std::string>("/", "interpolation"),
          .classes =
              file.has_texts("classes") ? file.read_texts("classes") : file.attribute<std::vector<std::string>>("/", "classes"),
          .license = file.attribute_or<std::string>("/", "license", ""),
          .origin = file.attribute_or<std::string>("/", "origin", ""),
          .note = file.attribute_or<std::string>("/", "note", "")};
}

std::vector<StateEntry> file_state(const Module& network) {
  std::vector<StateEntry> state;
  for (const NamedTensor& t : network.state_dict()) state.push_back(entry_of(t, 1));
  // Only the layers know which linear layers follow a flatten.
  const std::function<void(const Module&)> walk = [&](const Module& module) {
    if (const auto* linear = dynamic_cast<const Linear*>(&module); linear && linear->positions > 1) {
      for (StateEntry& e : state) {
        if (e.tensor.same_elements(linear->weight)) e = entry_of({e.name, e.tensor}, linear->positions);
      }
    }
    for (const auto& [name, part] : module.children()) walk(*part);
  };
  walk(network);
  return state;
}

Tensor as_in_file(const StateEntry& e) {
  const Tensor host = e.tensor.to(Device::cpu()).to(DType::f32);
  return exchanged(host, {e.rows, e.positions, e.channels}, e.file_shape);
}

void require_finite(const Hdf5File& file, std::string_view name, const Tensor& values, std::string_view remedy) {
  const Tensor host = values.to(Device::cpu());
  const int64_t bad = host.dtype() == DType::f64 ? count_not_finite<double>(host) : count_not_finite<float>(host.to(DType::f32));
  if (bad > 0) {
    throw DataError(fmt::format("{}: '{}' has {} of {} numbers that are not finite (NaN or infinite); {}", file.path().string(),
                                name, bad, host.numel(), remedy));
  }
}

void write_state(Hdf5File& file, const Module& network, std::string_view group, std::span<const std::string> left_out) {
  for (const StateEntry& e : file_state(network)) {
    if (std::ranges::find(left_out, e.name) != left_out.end()) continue;
    const Tensor values = as_in_file(e);
    require_finite(file, e.name, values, "such weights are not saved: the training diverged; try a lower `lr`");
    file.write(within(group, e.name), values);
  }
}

std::string LoadReport::text() const {
  std::string line = fmt::format("loaded {} tensors", loaded.size());
  if (summed_channels) line += "; the first filters' channels were summed";
  if (!replaced.empty()) line += "; new: " + listed(replaced);
  if (!missing.empty()) line += "; not in the file: " + listed(missing);
  if (!unexpected.empty()) line += "; not used: " + listed(unexpected);
  return line;
}

LoadReport read_state(const Hdf5File& file, Module& network, const LoadOptions& options) {
  const std::vector<StateEntry> state = file_state(network);
  const LoadReport report = Comparison(file, state, options).checked();
  const std::set<std::string> loaded(report.loaded.begin(), report.loaded.end());
  for (const StateEntry& e : state) {
    if (!loaded.contains(e.name)) continue;
    require_finite(file, e.name, stored_numbers(file, e, options.group),
                   "such weights answer nothing: take other ones, of an earlier epoch or a new download");
  }
  for (const StateEntry& e : state) {
    if (loaded.contains(e.name)) load(file, e, options.group);
  }
  return report;
}

}  // namespace cudenza
