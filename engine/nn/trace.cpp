#include "engine/nn/trace.h"

#include <unordered_map>

#include "engine/autograd/node.h"
#include "engine/core/storage.h"

namespace cudenza {
namespace {

class Tracer {
 public:
  explicit Tracer(Module& module) {
    for (const auto& [name, tensor] : module.named_parameters()) parameters_[tensor.raw()] = name;
    module.visit([&](const std::string& name, const Module& part) { modules_[&part] = name; });
  }

  TracedOp operator()(std::string_view op, const Tensor& y, const std::vector<Tensor>& inputs) const {
    TracedOp traced{.name = module_name(), .op = op, .x = inputs.at(0).shape(), .y = y.shape(), .filters = {}};
    const std::string first = parameter_name(inputs);
    if (!first.empty()) traced.name = first.substr(0, first.rfind('.'));
    for (const Tensor& input : inputs) {
      if (input.defined() && parameters_.contains(input.raw())) traced.parameters += input.numel();
    }
    const bool is_conv = op.starts_with("conv"), is_product = is_conv || op == "linear";
    if (is_conv) traced.filters = inputs.at(1).shape();
    if (is_product) traced.flops = 2.0 * static_cast<double>(y.numel()) * static_cast<double>(inputs[1].numel() / y.size(-1));
    return traced;
  }

 private:
  std::string module_name() const {
    const auto found = modules_.find(Module::running());
    return found == modules_.end() ? "" : found->second;
  }
  std::string parameter_name(const std::vector<Tensor>& inputs) const {
    for (const Tensor& input : inputs) {
      const auto found = input.defined() ? parameters_.find(input.raw()) : parameters_.end();
      if (found != parameters_.end()) return found->second;
    }
    return "";
  }

  std::unordered_map<const void*, std::string> parameters_;
  std::unordered_map<const Module*, std::string> modules_;
};

}  // namespace

Trace trace(Module& module, const Tensor& x) {
  require(x.device().is_cpu() && x.dtype() == DType::f32, "trace: x is {} on {}, but must be f32 on the CPU", x.dtype(),
          x.device());
  const Tracer tracer(module);
  Trace result;
  const size_t before = cpu_memory_use().now_bytes;
  const OpObserver observer([&](std::string_view op, const Tensor& y, const std::vector<Tensor>& inputs) {
    if (op != "reshape") result.ops.push_back(tracer(op, y, inputs));
  });
  const Tensor y = module(x);
  result.kept_bytes = cpu_memory_use().now_bytes - before;
  return result;
}

}  // namespace cudenza
