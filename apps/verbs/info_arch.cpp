#include "apps/verbs/info_arch.h"

#include <nlohmann/json.hpp>

#include "apps/cli/output.h"
#include "engine/nn/trace.h"

namespace cudenza {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kBatch = 2;  // batch norm in training wants more than one value a channel
constexpr double kMiB = 1024.0 * 1024;

/// "conv2d_act 3x3", "max_pool2d".
std::string kind_of(const TracedOp& op) {
  if (op.filters.rank() == 0) return std::string(op.op);
  return fmt::format("{} {}x{}", op.op, op.filters[1], op.filters[2]);
}

/// Of one picture: shapes without the batch, and everything else divided by it.
Json row_of(const TracedOp& op) {
  Json shape = Json::array();
  for (int axis = 1; axis < op.y.rank(); ++axis) shape.push_back(op.y[axis]);
  return {{"name", op.name},
          {"kind", kind_of(op)},
          {"output", shape},
          {"parameters", op.parameters},
          {"flops", op.flops / kBatch},
          {"activation_bytes", static_cast<int64_t>(sizeof(float)) * op.y.numel() / kBatch}};
}

Json facts(const NetworkChoice& choice, int side) {
  const auto network = choice.make();
  const Trace traced = trace(*network, Tensor::zeros({kBatch, side, side, 3}, DType::f32));
  Json layers = Json::array();
  double flops = 0, first_flops = 0;
  int64_t activation_bytes = 0;
  for (const TracedOp& op : traced.ops) {
    layers.push_back(row_of(op));
    if (flops == 0) first_flops = op.flops / kBatch;  // the first layer's pictures want no gradient
    flops += op.flops / kBatch;
    activation_bytes += layers.back()["activation_bytes"].get<int64_t>();
  }
  return {{"arch", choice.arch},
          {"head", choice.head},
          {"classes", choice.classes},
          {"image_size", side},
          {"layers", layers},
          {"total",
           {{"parameters", network->parameter_count()},
            {"tensors", network->state_dict().size()},
            {"flops", flops},
            {"training_flops", 3 * flops - first_flops},
            {"activation_bytes", activation_bytes},
            {"training_bytes", traced.kept_bytes / kBatch}}}};
}

std::string shape_text(const Json& shape) {
  std::string text;
  for (const Json& extent : shape) text += (text.empty() ? "" : " x ") + std::to_string(extent.get<int64_t>());
  return text;
}

void print_text(const Json& all) {
  print_out("{} with a {} head for {} classes, one {}x{} picture in f32\n\n", all["arch"].get<std::string>(),
            all["head"].get<std::string>(), all["classes"].get<int>(), all["image_size"].get<int>(),
            all["image_size"].get<int>());
  print_out("{:<24} {:<18} {:>16} {:>12} {:>10} {:>10}\n", "layer", "kind", "output", "parameters", "MFLOP", "MiB");
  for (const Json& layer : all["layers"]) {
    print_out("{:<24} {:<18} {:>16} {:>12} {:>10.1f} {:>10.2f}\n", layer["name"].get<std::string>(),
              layer["kind"].get<std::string>(), shape_text(layer["output"]), layer["parameters"].get<int64_t>(),
              layer["flops"].get<double>() / 1e6, layer["activation_bytes"].get<double>() / kMiB);
  }
  const Json& total = all["total"];
  print_out("\nparameters   {} in {} tensors with running statistics, {:.1f} MiB\n", total["parameters"].get<int64_t>(),
            total["tensors"].get<size_t>(), total["parameters"].get<double>() * sizeof(float) / kMiB);
  print_out("forward      {:.2f} GFLOP, {:.1f} MiB of results\n", total["flops"].get<double>() / 1e9,
            total["activation_bytes"].get<double>() / kMiB);
  print_out("training     {:.2f} GFLOP, {:.1f} MiB kept for the backward pass\n", total["training_flops"].get<double>() / 1e9,
            total["training_bytes"].get<double>() / kMiB);
}

}  // namespace

void describe_network(const NetworkChoice& choice, int side, bool as_json) {
  const Json all = facts(choice, side);
  if (as_json) print_json(all);
  else print_text(all);
}

}  // namespace cudenza
