/// The fifth use of every OpCase: forward and backward timed at bench sizes, on the CPU and on the GPU where there is one,
/// in GB/s with the share of the device's copy bandwidth, and in GFLOP/s where arithmetic counts. Beside them what is no op:
/// optimizer steps, the augmentation of whole batches and pictures kept as bytes.
///
///   cudenza_bench --benchmark_filter='batch_norm.*bf16' --benchmark_format=json
#include <benchmark/benchmark.h>

#include <algorithm>

#include "bench/rates.h"
#include "engine/autograd/node.h"
#include "engine/core/gpu.h"
#include "tests/support/op_case.h"

namespace cudenza::bench {
namespace {

using testing::bytes_of;
using testing::Cost;
using testing::OpCase;
using testing::walk_back;

/// On a GPU batches are so many times larger: what is measured must not stay in its cache.
constexpr int64_t kLargerOnGpu = 8;

/// The case's inputs at bench size for a device.
std::vector<testing::Input> bench_specs(const OpCase& op_case, Device device) {
  return device.is_cpu() ? op_case.bench : testing::with_batch(op_case.bench, kLargerOnGpu * op_case.bench[0].shape[0]);
}

/// x again and again along its first extent.
Tensor repeated(const Tensor& x, const Shape& shape) {
  const Tensor y = Tensor::empty(shape, x.dtype(), x.device());
  for (int64_t begin = 0; begin < y.numel(); begin += x.numel()) y.slice(begin, x.shape()).copy_from(x);
  return y;
}

/// Inputs of those specs. To draw them takes longer than to time the case, which is timed several times in a row: they are kept
/// until another case asks.
std::vector<Tensor> bench_inputs(const OpCase& op_case, const std::vector<testing::Input>& specs, DType dtype, Device device) {
  static std::string drawn_for;
  static std::vector<Tensor> drawn;
  if (drawn_for != op_case.name) {
    drawn = testing::make_inputs(op_case.bench, DType::f32);
    drawn_for = op_case.name;
  }
  std::vector<Tensor> inputs = testing::moved(testing::converted(drawn, op_case.bench, dtype), device);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].shape() != specs[i].shape) inputs[i] = repeated(inputs[i], specs[i].shape);
  }
  return inputs;
}

void forward(benchmark::State& state, const OpCase& op_case, DType dtype, Device device) {
  NoGrad no_grad;
  const auto specs = bench_specs(op_case, device);
  const auto inputs = bench_inputs(op_case, specs, dtype, device);
  const Cost cost = op_case.cost ? op_case.cost(specs, dtype) : Cost{};
  const Traffic traffic =
      cost.forward.both() > 0 ? cost.forward : Traffic{.read = bytes_of(inputs), .written = bytes_of(op_case.run(inputs))};
  report_rates(state, device, traffic, cost.forward_flops, [&] { op_case.run(inputs); });
}

void backward(benchmark::State& state, const OpCase& op_case, DType dtype, Device device) {
  const auto specs = bench_specs(op_case, device);
  const auto inputs = bench_inputs(op_case, specs, dtype, device);
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (op_case.bench[i].differentiable && is_floating(inputs[i].dtype())) inputs[i].set_requires_grad(true);
  }
  const Tensor y = op_case.run(inputs).at(0);
  const Tensor dy = Tensor::full(y.shape(), 0.5, y.dtype(), device);
  NoGrad no_grad;
  const auto gradients = walk_back(y, dy);
  if (std::ranges::all_of(gradients, [&](const Tensor& g) { return !g.defined() || g.raw() == dy.raw(); }))
    return state.SkipWithError("nothing to do: the gradient is the output's own");
  const Cost cost = op_case.cost ? op_case.cost(specs, dtype) : Cost{};
  const Traffic traffic = cost.backward.both() > 0 ? cost.backward
                                                   : Traffic{.read = bytes_of(inputs) + static_cast<double>(dy.bytes()),
                                                             .written = bytes_of(gradients)};
  report_rates(state, device, traffic, cost.backward_flops, [&] { walk_back(y, dy); });
}

void register_all(Device device) {
  for (const OpCase& op_case : testing::all_op_cases()) {
    if (op_case.bench.empty()) continue;
    for (const DType dtype : op_case.dtypes) {
      if (device.is_cpu() && dtype == DType::f16) continue;  // the CPU computes f16 for correctness, not for speed
      const std::string where = fmt::format("/{}/{}", device, dtype);
      add_benchmark(op_case.name + "/forward" + where, device,
                    [&op_case, dtype, device](auto& state) { forward(state, op_case, dtype, device); });
      if (op_case.has_gradient)
        add_benchmark(op_case.name + "/backward" + where, device,
                      [&op_case, dtype, device](auto& state) { backward(state, op_case, dtype, device); });
    }
  }
  register_optimizers(device);
  register_augmentation(device);
  register_pixels(device);
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
  const bench::MemorySpeed cpu = bench::cpu_memory_speed();
  benchmark::AddCustomContext("cpu_read_gb_per_s", fmt::format("{:.1f}", cpu.read / 1e9));
  benchmark::AddCustomContext("cpu_write_gb_per_s", fmt::format("{:.1f}", cpu.write / 1e9));
  if (gpu::count() > 0)
    benchmark::AddCustomContext("gpu_copy_gb_per_s", fmt::format("{:.1f}", bench::copy_bytes_per_second(Device::cuda()) / 1e9));
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
