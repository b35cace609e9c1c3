#include "weights/layer_match.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "engine/nn/layers.h"
#include "models/registry.h"

namespace cudenza {
namespace {

using Kind = SourceLayer::Kind;

constexpr std::string_view kFolded =
    "its batch norms are folded into its convolutions, which cannot be undone; export the network with them: "
    "torch.onnx.export(…, dynamo=False, do_constant_folding=False) or torch.onnx.export(…, dynamo=True, optimize=False, "
    "external_data=False), or save its state_dict";
constexpr std::string_view kStrideFirst =
    "its blocks have their stride in the first 1x1 convolution, as Keras's ResNet50, and this network in the 3x3 one: a training "
    "may begin with these weights, but as they are they compute another function";

/// A layer of our network, by the names of its tensors.
struct NetworkLayer {
  std::string name;
  Kind kind;
  Shape shape;
  bool has_bias = false;
  std::string norm = {};  ///< "bn1"; empty: none
  int depth = 0;
};

/// "layer2.0" of "layer2.0.conv1"; empty outside of blocks.
std::string block_of(const std::string& name) {
  const size_t part = name.find('.');
  return name.starts_with("layer") && part != std::string::npos ? name.substr(0, name.find('.', part + 1)) : "";
}

bool is_shortcut(const NetworkLayer& layer) { return layer.name.find(".downsample.") != std::string::npos; }

void set_depths(std::vector<NetworkLayer>& layers) {
  int deepest = 0, block_begin = 0;
  std::string block;
  for (NetworkLayer& layer : layers) {
    if (const std::string own = block_of(layer.name); own != block) {
      block = own;
      block_begin = deepest;
    }
    layer.depth = is_shortcut(layer) ? block_begin + 1 : ++deepest;
  }
}

/// The network's layers of one kind, in its order.
std::vector<NetworkLayer> layers_of(const std::vector<ExpectedTensor>& expected, Kind kind) {
  std::vector<NetworkLayer> layers;
  for (const ExpectedTensor& e : expected) {
    const size_t dot = e.name.rfind('.');
    const std::string name = e.name.substr(0, dot), part = e.name.substr(dot + 1);
    if (part == "weight" && e.shape.rank() > 1)
      layers.push_back({.name = name, .kind = e.shape.rank() == 4 ? Kind::conv : Kind::dense, .shape = e.shape});
    else if (part == "bias" && layers.back().name == name) layers.back().has_bias = true;
    else if (part == "running_mean") layers.back().norm = name;
  }
  set_depths(layers);
  std::erase_if(layers, [&](const NetworkLayer& layer) { return layer.kind != kind; });
  return layers;
}

std::vector<const SourceLayer*> of_kind(const std::vector<SourceLayer>& layers, Kind kind) {
  std::vector<const SourceLayer*> some;
  for (const SourceLayer& layer : layers) {
    if (layer.kind == kind) some.push_back(&layer);
  }
  return some;
}

bool has_shape(const SourceLayer& layer, const Shape& shape) { return std::ranges::equal(layer.weight.shape(), shape); }

TensorRecord named(TensorRecord record, const std::string& name) {
  record.name = name;
  return record;
}

class Matching {
 public:
  Matching(const std::vector<SourceLayer>& layers, const std::string& arch, const std::vector<ExpectedTensor>& expected)
      : source_(of_kind(layers, Kind::conv)) {
    const std::vector<NetworkLayer> convs = layers_of(expected, Kind::conv);
    has_depths_ = std::ranges::all_of(source_, [](const SourceLayer* layer) { return layer->depth > 0; });
    for (const NetworkLayer& layer : convs) take_conv(layer);
    for (const SourceLayer* layer : source_) surplus_.add(described(*layer));
    take_classifier(layers, expected);
    if (!has_depths_ && std::ranges::any_of(convs, is_shortcut) && faults().empty())
      result_.fault = fmt::format(
          "the order of its layers does not tell {}'s shortcuts from its other convolutions, and its names "
          "are none of Keras's ResNet50",
          arch);
    else result_.fault = faults();
    if (result_.fault.empty() && is_named_as(arch + "_bn")) result_.fault = kFolded;
    result_.may_be_folded =
        std::ranges::any_of(taken_, [](const SourceLayer* s) { return s->may_be_folded && s->bias && !s->norm; });
  }

  NamedLayers take() { return std::move(result_); }

 private:
  static std::string described(const SourceLayer& layer) {
    return fmt::format("{} [{}]", printable(layer.name), fmt::join(layer.weight.shape(), ","));
  }

  /// Whether the convolutions are called as those of that network, if there is one: vgg16's are features.0, features.2, …, and
  /// those of vgg16_bn features.0, features.3, ….
  bool is_named_as(const std::string& arch) const {
    if (std::ranges::find(network_names(), arch) == network_names().end()) return false;
    const std::vector<NetworkLayer> convs = layers_of(expected_tensors(arch), Kind::conv);
    return std::ranges::equal(taken_, convs, [](const SourceLayer* source, const NetworkLayer& layer) {
      return !source->norm && ('.' + source->torch_name).ends_with('.' + layer.name);
    });
  }

  void take_conv(const NetworkLayer& layer) {
    const auto at =
        has_depths_ ? std::ranges::find_if(
                          source_, [&](const SourceLayer* s) { return s->depth == layer.depth && has_shape(*s, layer.shape); })
                    : source_.begin();
    if (at == source_.end()) return missing_.add(fmt::format("{} {}", layer.name, layer.shape));
    const SourceLayer& source = **at;
    source_.erase(at);
    if (!source.fault.empty()) return wrong_.add(source.fault);
    if (!has_shape(source, layer.shape))
      return wrong_.add(fmt::format("{} stands where {} is, {}", described(source), layer.name, layer.shape));
    ++result_.score;
    taken_.push_back(&source);
    add(source, layer);
    // The 1x1 convolution that a bottleneck begins with.
    if (layer.name.ends_with(".conv1") && layer.shape[2] == 1 && source.stride == 2) result_.note = kStrideFirst;
  }

  void add(const SourceLayer& source, const NetworkLayer& layer) {
    result_.tensors.push_back(named(source.weight, layer.name + ".weight"));
    if (layer.has_bias) result_.tensors.push_back(bias_of(source, layer.name));
    if (layer.norm.empty() && source.norm)
      return wrong_.add(fmt::format("{} has a batch norm and {} has none", printable(source.name), layer.name));
    if (!layer.norm.empty()) add_norm(source, layer);
    else if (!layer.has_bias && source.bias) wrong_.add(fmt::format("{} has a bias", printable(source.name)));
  }

  /// Exporters leave out a bias of zeros.
  static TensorRecord bias_of(const SourceLayer& source, const std::string& name) {
    return named(source.bias ? *source.bias : zeros_record(source.weight.shape()[0]), name + ".bias");
  }

  void add_norm(const SourceLayer& source, const NetworkLayer& layer) {
    if (!source.norm) return folded_.add(layer.name);
    const SourceNorm& norm = *source.norm;
    result_.tensors.push_back(named(norm.weight, layer.norm + ".weight"));
    result_.tensors.push_back(named(norm.bias, layer.norm + ".bias"));
    TensorRecord mean = named(norm.mean, layer.norm + ".running_mean"),
                 variance = named(norm.variance, layer.norm + ".running_var");
    if (!layer.has_bias && source.bias) mean.minus = std::make_shared<const TensorRecord>(*source.bias);
    variance.plus = norm.epsilon - BatchNorm2d::Options{}.eps;
    result_.tensors.push_back(std::move(mean));
    result_.tensors.push_back(std::move(variance));
  }

  /// The dense layers, if they are the network's; the last may have other rows.
  void take_classifier(const std::vector<SourceLayer>& layers, const std::vector<ExpectedTensor>& expected) {
    const std::vector<NetworkLayer> wanted = layers_of(expected, Kind::dense);
    const std::vector<const SourceLayer*> dense = of_kind(layers, Kind::dense);
    bool fits = dense.size() == wanted.size();
    for (size_t i = 0; fits && i < wanted.size(); ++i) {
      const std::vector<int64_t>& shape = dense[i]->weight.shape();
      const bool may_differ = i + 1 == wanted.size();
      fits = dense[i]->fault.empty() && shape.size() == 2 && shape[1] == wanted[i].shape[1] &&
             (may_differ || shape[0] == wanted[i].shape[0]);
    }
    for (size_t i = 0; i < dense.size(); ++i) {
      if (!fits) {
        result_.left_out.add(printable(dense[i]->name));
        continue;
      }
      result_.tensors.push_back(named(dense[i]->weight, wanted[i].name + ".weight"));
      result_.tensors.push_back(bias_of(*dense[i], wanted[i].name));
      ++result_.score;
    }
  }

  std::string faults() const {
    if (missing_.empty() && surplus_.empty() && wrong_.empty() && !folded_.empty()) return std::string(kFolded);
    std::string text;
    const auto append = [&](std::string_view what, const NameList& names) {
      if (!names.empty()) text += fmt::format("{}{}{}", text.empty() ? "" : "; ", what, names.text());
    };
    append("by the order and shapes of its layers it lacks ", missing_);
    append("it has besides ", surplus_);
    append("", wrong_);
    append("without a batch norm: ", folded_);
    return text;
  }

  std::vector<const SourceLayer*> source_;  ///< convolutions not yet taken
  std::vector<const SourceLayer*> taken_;   ///< those that fit, in the network's order
  bool has_depths_ = false;
  NamedLayers result_;
  NameList missing_, surplus_, wrong_, folded_;
};

}  // namespace

NamedLayers name_layers(const std::vector<SourceLayer>& layers, const std::string& arch,
                        const std::vector<ExpectedTensor>& expected) {
  return Matching(layers, arch, expected).take();
}

}  // namespace cudenza
