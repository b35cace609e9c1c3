#include <fmt/format.h>

#include <algorithm>

#include "engine/autograd/node.h"
#include "tests/profile/workloads.h"
#include "tests/support/op_case.h"

namespace cudenza::testing {
namespace {

/// Enough for launches of many blocks, and for edges to weigh little.
constexpr int64_t kElements = 1 << 16;

Traffic traffic_or(const Traffic& stated, const Traffic& otherwise) { return stated.both() > 0 ? stated : otherwise; }

Prepared forward(const OpCase& op_case, const std::vector<Input>& specs, DType dtype) {
  const NoGrad no_grad;
  const auto inputs = moved(make_inputs(specs, dtype), Device::cuda());
  const Cost cost = op_case.cost ? op_case.cost(specs, dtype) : Cost{};
  return {traffic_or(cost.forward, {.read = bytes_of(inputs), .written = bytes_of(op_case.run(inputs))}), [=, &op_case] {
            const NoGrad none;
            op_case.run(inputs);
          }};
}

Prepared backward(const OpCase& op_case, const std::vector<Input>& specs, DType dtype) {
  const auto inputs = moved(make_inputs(specs, dtype), Device::cuda());
  for (size_t i = 0; i < inputs.size(); ++i)
    if (specs[i].differentiable && is_floating(inputs[i].dtype())) inputs[i].set_requires_grad(true);
  const Tensor y = op_case.run(inputs).at(0), dy = Tensor::full(y.shape(), 0.5, y.dtype(), y.device());
  const NoGrad no_grad;
  const Cost cost = op_case.cost ? op_case.cost(specs, dtype) : Cost{};
  const double read = bytes_of(inputs) + static_cast<double>(dy.bytes());
  return {traffic_or(cost.backward, {.read = read, .written = bytes_of(walk_back(y, dy))}), [=] {
            const NoGrad none;
            walk_back(y, dy);
          }};
}

}  // namespace

void add_op_workloads(std::vector<Workload>& all) {
  for (const OpCase& op_case : all_op_cases()) {
    if (!op_case.has_kernel || op_case.bench.empty() || op_case.name.starts_with("conv") || op_case.name.starts_with("linear"))
      continue;
    const int64_t batch = op_case.bench[0].shape[0], of_one = op_case.bench[0].shape.numel() / batch;
    const auto specs = with_batch(op_case.bench, std::clamp<int64_t>(kElements / of_one, 1, batch));
    for (const DType dtype : {DType::f32, DType::bf16}) {
      if (std::ranges::find(op_case.dtypes, dtype) == op_case.dtypes.end()) continue;
      all.push_back(
          {fmt::format("{}/forward/{}", op_case.name, dtype), [=, &op_case] { return forward(op_case, specs, dtype); }});
      if (op_case.has_gradient)
        all.push_back(
            {fmt::format("{}/backward/{}", op_case.name, dtype), [=, &op_case] { return backward(op_case, specs, dtype); }});
    }
  }
}

std::vector<Workload> workloads() {
  std::vector<Workload> all;
  add_op_workloads(all);
  add_training_workloads(all);
  add_sound_workloads(all);
  add_rare_workloads(all);
  add_naive_workloads(all);
  return all;
}

}  // namespace cudenza::testing
