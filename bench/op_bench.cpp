/// The fifth use of every OpCase: forward and backward timed at bench sizes, on the CPU and on the GPU where there is one,
/// in GB/s with the share of the device's copy bandwidth, and in GFLOP/s where arithmetic counts. Beside them what is no op:
/// optimizer steps and the augmentation of whole batches.
///
///   cudenza_bench --benchmark_filter='batch_norm.*bf16' --benchmark_format=json
#include <benchmark/benchmark.h>

#include "bench/copy_bandwidth.h"
#include "bench/rates.h"
#include "engine/autograd/node.h"
#include "engine/core/gpu.h"
#include "tests/support/op_case.h"

namespace cudenza::bench {
namespace {

using testing::Cost;
using testing::OpCase;

double total_bytes(const std::vector<Tensor>& tensors) {
  double bytes = 0;
  for (const Tensor& t : tensors) bytes += t.defined() ? static_cast<double>(t.bytes()) : 0;
  return bytes;
}

/// A case's inputs. To draw them takes longer than to time the case, which is timed several times in a row: they are kept until
/// another case asks.
std::vector<Tensor> bench_inputs(const OpCase& op_case, DType dtype, Device device) {
  static std::string drawn_for;
  static std::vector<Tensor> drawn;
  if (drawn_for != op_case.name) {
    drawn = testing::make_inputs(op_case.bench, DType::f32);
    drawn_for = op_case.name;
  }
  return testing::moved(testing::converted(drawn, op_case.bench, dtype), device);
}

void forward(benchmark::State& state, const OpCase& op_case, DType dtype, Device device) {
  NoGrad no_grad;
  const auto inputs = bench_inputs(op_case, dtype, device);
  const Cost cost = op_case.cost ? op_case.cost(op_case.bench, dtype) : Cost{};
  const double bytes = cost.forward_bytes > 0 ? cost.forward_bytes : total_bytes(inputs) + total_bytes(op_case.run(inputs));
  report_rates(state, device, bytes, cost.forward_flops, [&] { op_case.run(inputs); });
}

void backward(benchmark::State& state, const OpCase& op_case, DType dtype, Device device) {
  const auto inputs = bench_inputs(op_case, dtype, device);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (op_case.bench[i].differentiable && is_floating(inputs[i].dtype())) inputs[i].set_requires_grad(true);
  }
  const Tensor y = op_case.run(inputs).at(0);
  const Tensor dy = Tensor::full(y.shape(), 0.5, y.dtype(), device);
  const auto node = y.variable()->node;
  NoGrad no_grad;
  const Cost cost = op_case.cost ? op_case.cost(op_case.bench, dtype) : Cost{};
  const double bytes = cost.backward_bytes > 0
                           ? cost.backward_bytes
                           : total_bytes(inputs) + static_cast<double>(dy.bytes()) + total_bytes(node->backward(dy, {}));
  report_rates(state, device, bytes, cost.backward_flops, [&] { node->backward(dy, {}); });
}

void register_all(Device device) {
  for (const OpCase& op_case : testing::all_op_cases()) {
    if (op_case.bench.empty()) continue;
    for (const DType dtype : op_case.dtypes) {
      if (device.is_cpu() && dtype == DType::f16) continue;  // the CPU computes f16 for correctness, not for speed
      const std::string where = fmt::format("/{}/{}", device, dtype);
      add_benchmark(op_case.name + "/forward" + where,
                    [&op_case, dtype, device](auto& state) { forward(state, op_case, dtype, device); });
      if (op_case.has_gradient)
        add_benchmark(op_case.name + "/backward" + where,
                      [&op_case, dtype, device](auto& state) { backward(state, op_case, dtype, device); });
    }
  }
  register_optimizers(device);
  register_augmentation(device);
}

}  // namespace
}  // namespace cudenza::bench

int main(int argc, char** argv) {
  using namespace cudenza;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  bench::register_all(Device::cpu());
  if (gpu::count() > 0) bench::register_all(Device::cuda());
  benchmark::AddCustomContext("cpu_copy_gb_per_s", fmt::format("{:.1f}", bench::copy_bytes_per_second(Device::cpu()) / 1e9));
  if (gpu::count() > 0)
    benchmark::AddCustomContext("gpu_copy_gb_per_s", fmt::format("{:.1f}", bench::copy_bytes_per_second(Device::cuda()) / 1e9));
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
