#include "weights/onnx.h"

#include <algorithm>
#include <map>
#include <set>

#include "weights/onnx_model.h"

namespace cudenza {
namespace {

using Kind = SourceLayer::Kind;

/// The name of a layer's module in PyTorch: of "features.3.weight", or of a node called "/features/features.3/Conv", since
/// torch.onnx.export gives another name to a weight that a batch norm was folded into. Empty for other names.
std::string torch_name(const std::string& node, const std::string& weight) {
  constexpr std::string_view kWeight = ".weight", kConv = "/Conv";
  if (weight.ends_with(kWeight)) return weight.substr(0, weight.size() - kWeight.size());
  if (!node.starts_with('/') || !node.ends_with(kConv)) return "";
  const std::string module = node.substr(0, node.size() - kConv.size());
  return module.substr(module.rfind('/') + 1);
}

/// Follows the nodes in their order, which is from the input to the output.
class GraphWalk {
 public:
  explicit GraphWalk(OnnxModel& model) {
    for (OnnxTensor& tensor : model.initializers) add_constant(std::move(tensor));
    for (OnnxNode& node : model.nodes) visit(node);
  }

  /// The tensors that layers use, not those that say how to reshape or clip, and the layers.
  StateDict take() {
    StateDict dict{.layers = std::move(layers_)};
    for (const std::string& name : names_) {
      OnnxTensor& tensor = constants_.at(name);
      if (used_.contains(name) && tensor.fault.empty()) dict.tensors.push_back(std::move(tensor.record));
    }
    return dict;
  }

 private:
  struct Value {
    int depth = 0;               ///< layers on the longest way to it
    int layer = -1;              ///< the layer that it is the result of, perhaps with its bias or batch norm; -1: of none
    int64_t channels = 0;        ///< of the convolution that was last on its way
    bool channels_last = false;  ///< its axes are in the order [N,H,W,C]
  };

  void add_constant(OnnxTensor tensor) {
    const std::string name = tensor.record.name;
    if (constants_.emplace(name, std::move(tensor)).second) names_.push_back(name);
  }

  const OnnxTensor* constant(const OnnxNode& node, size_t input) const {
    const auto at = input < node.inputs.size() ? constants_.find(node.inputs[input]) : constants_.end();
    return at == constants_.end() ? nullptr : &at->second;
  }

  /// The same for a layer's weight, bias or batch norm.
  const OnnxTensor* used_constant(const OnnxNode& node, size_t input) {
    const OnnxTensor* tensor = constant(node, input);
    if (!tensor) return nullptr;
    used_.insert(original_name(tensor->record.name));
    return tensor;
  }

  std::string original_name(const std::string& name) const {
    const auto transposed = transposed_.find(name);
    return transposed == transposed_.end() ? name : transposed->second;
  }

  Value value(const OnnxNode& node, size_t input) const {
    const auto at = input < node.inputs.size() ? values_.find(node.inputs[input]) : values_.end();
    return at == values_.end() ? Value() : at->second;
  }

  void visit(OnnxNode& node) {
    if (node.outputs.empty()) return;
    if (node.value) return add_constant(std::move(*node.value));
    if ((node.op == "Identity" || node.op == "Transpose") && constant(node, 0)) return pass_constant(node);
    Value result;
    for (size_t i = 0; i < node.inputs.size(); ++i) join(result, value(node, i));
    result.layer = -1;
    if (node.op == "Conv" || node.op == "Gemm" || node.op == "MatMul") add_layer(node, result);
    else if (node.op == "BatchNormalization") add_norm(node);
    else if (node.op == "Add") add_bias(node, result);
    else if (node.op == "Identity") result.layer = value(node, 0).layer;
    else if (node.op == "Transpose") result.channels_last = node.order == std::vector<int64_t>{0, 2, 3, 1};
    for (const std::string& output : node.outputs) values_.emplace(output, result);
  }

  static void join(Value& all, const Value& one) {
    if (one.depth < all.depth) return;
    const bool channels_last = all.channels_last || one.channels_last;
    all = one;
    all.channels_last = channels_last;
  }

  void pass_constant(const OnnxNode& node) {
    OnnxTensor copy = *constant(node, 0);
    if (node.op == "Transpose") {
      std::vector<int64_t> order = node.order, sorted;
      for (auto axis = static_cast<int64_t>(copy.record.sizes.size()); axis-- > 0;) sorted.push_back(axis);
      if (order.empty()) order = sorted;
      std::ranges::reverse(sorted);
      if (!std::ranges::is_permutation(order, sorted)) copy.fault = fmt::format("{} is transposed in no order", node.name);
      if (copy.fault.empty()) copy.record = permuted(std::move(copy.record), order);
    }
    if (node.op == "Transpose") transposed_.emplace(node.outputs.front(), original_name(copy.record.name));
    copy.record.name = node.outputs.front();
    add_constant(std::move(copy));
  }

  void add_layer(const OnnxNode& node, Value& result) {
    const OnnxTensor* weight = used_constant(node, 1);
    if (!weight && node.op != "Conv") return;  // a product of two results is no layer
    const Value input = result;
    SourceLayer layer{.kind = node.op == "Conv" ? Kind::conv : Kind::dense, .name = node.name, .depth = ++result.depth};
    if (layer.name.empty()) layer.name = node.outputs.front();
    if (!weight)
      layer.fault = fmt::format("the weights of {} are not in the file but computed from others", printable(layer.name));
    else layer.fault = weight->fault;
    const size_t axes = weight ? weight->record.sizes.size() : 0;
    if (layer.fault.empty() && axes != (layer.kind == Kind::conv ? 4 : 2))
      layer.fault = fmt::format("the weights of {} have {} axes", printable(layer.name), axes);
    if (node.alpha != 1 || node.beta != 1) layer.fault = fmt::format("{} scales its result", printable(layer.name));
    if (layer.fault.empty()) set_weight(layer, node, weight->record, input);
    if (const OnnxTensor* bias = used_constant(node, 2); bias && bias->fault.empty()) layer.bias = bias->record;
    if (weight) layer.torch_name = torch_name(node.name, weight->record.name);
    layer.may_be_folded = layer.torch_name.empty();
    result.layer = static_cast<int>(layers_.size());
    if (layer.kind == Kind::conv && layer.fault.empty()) result.channels = layer.weight.sizes[0];
    if (layer.kind == Kind::dense) result.channels = 0;
    result.channels_last = false;
    layers_.push_back(std::move(layer));
  }

  static void set_weight(SourceLayer& layer, const OnnxNode& node, const TensorRecord& weight, const Value& input) {
    layer.weight = weight;
    if (layer.kind == Kind::conv) {
      if (!node.strides.empty()) layer.stride = node.strides.front();
      return;
    }
    if (!node.transposed_b) layer.weight = permuted(weight, {1, 0});
    // A flatten of [N,H,W,C] counts channels fastest.
    if (input.channels_last && input.channels > 0 && layer.weight.sizes[1] % input.channels == 0)
      layer.weight = with_channels_first(layer.weight, input.channels);
  }

  /// A bias that is added after the layer.
  void add_bias(const OnnxNode& node, Value& result) {
    const size_t of_layer = constant(node, 0) ? 1 : 0;
    const OnnxTensor* bias = constant(node, 1 - of_layer);
    const int at = value(node, of_layer).layer;
    if (!bias || !bias->fault.empty() || at < 0) return;
    SourceLayer& layer = layers_[static_cast<size_t>(at)];
    if (layer.bias || layer.norm || !layer.fault.empty() || bias->record.numel() != layer.weight.shape()[0] ||
        !bias->record.is_contiguous())
      return;
    used_constant(node, 1 - of_layer);
    layer.bias = bias->record;
    layer.bias->sizes = {bias->record.numel()};
    layer.bias->strides = {1};
    result.layer = at;
  }

  void add_norm(const OnnxNode& node) {
    const int at = value(node, 0).layer;
    if (at < 0 || layers_[static_cast<size_t>(at)].norm) return;
    std::vector<TensorRecord> parts;
    for (size_t i = 1; i < 5; ++i) {
      const OnnxTensor* part = used_constant(node, i);
      if (!part || !part->fault.empty()) return;
      parts.push_back(part->record);
    }
    const double epsilon = node.epsilon == 1e-5F ? 1e-5 : static_cast<double>(node.epsilon);  // it is a float in the file
    layers_[static_cast<size_t>(at)].norm = SourceNorm{parts[0], parts[1], parts[2], parts[3], epsilon};
  }

  std::map<std::string, OnnxTensor> constants_;
  std::vector<std::string> names_;                 ///< of the constants, in the order of the file
  std::set<std::string> used_;                     ///< names of the constants that layers use
  std::map<std::string, std::string> transposed_;  ///< names of transposed constants, and of what they were
  std::map<std::string, Value> values_;
  std::vector<SourceLayer> layers_;
};

}  // namespace

WeightContent read_onnx(const FileBytes& file) {
  OnnxModel model = read_onnx_model(file);
  StateDict dict = GraphWalk(model).take();
  if (dict.tensors.empty()) file.fail("is an ONNX file without weights: its graph holds no numbers that are read");
  return {.state_dicts = {std::move(dict)}, .facts = std::move(model.facts)};
}

}  // namespace cudenza
