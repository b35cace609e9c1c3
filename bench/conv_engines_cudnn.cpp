/// conv_engines: how long, on a card, the convolutions of a network take with the engines that cuDNN offers for each of the
/// engine's graphs: what a fusion would save, and what trials find that the heuristics do not.
///
///   build/bin/conv_engines [all|NETWORK|stem] [batch] [f16|bf16|f32] [engines tried]
///
/// A line a graph: milliseconds of the heuristics' first choice and of the best of those tried, with their names; then the share
/// of the floor that memory or arithmetic would set at 3 TB/s and 800 TFLOP/s.
#include <cuda_runtime.h>
#include <cudnn.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <vector>

#include "engine/core/gpu.h"
#include "engine/core/storage.h"
#include "engine/core/tensor.h"
#include "engine/libraries/cudnn/planner.h"
#include "kernels/common/cuda_check.h"
#include "tests/support/network_convs.h"

namespace cudenza::testing {
namespace {

using cudnn::Binding;
using cudnn::Function;
using cudnn::Graph;
using cudnn::Slot;

/// The arrays of a graph, filled with small numbers of both signs.
class Arrays {
 public:
  explicit Arrays(const ConvShape& s) {
    const Shape x{s.batch, s.height, s.width, s.in_channels}, w{s.out_channels, s.kernel_h, s.kernel_w, s.in_channels},
        y{s.batch, s.out_height(), s.out_width(), s.out_channels};
    for (const Slot slot : {Slot::x, Slot::dx}) add(slot, x, s.dtype);
    for (const Slot slot : {Slot::w, Slot::dw}) add(slot, w, s.dtype);
    for (const Slot slot : {Slot::y, Slot::dy, Slot::residual}) add(slot, y, s.dtype);
    add(Slot::bias, {s.out_channels}, s.dtype);
    for (const Slot slot : {Slot::sum, Slot::sum_of_squares}) add(slot, {s.out_channels}, DType::f32);
  }

  std::vector<Binding> of(const Graph& graph) const {
    std::vector<Binding> bindings;
    for (const Slot slot : slots_of(graph)) bindings.push_back({slot, tensors_.at(slot).raw()});
    return bindings;
  }
  /// Bytes that the graph must move at least.
  double bytes_of(const Graph& graph) const {
    double bytes = 0;
    for (const Slot slot : slots_of(graph))
      bytes += static_cast<double>(tensors_.at(slot).numel()) * static_cast<double>(size_of(tensors_.at(slot).dtype()));
    return bytes;
  }

 private:
  static std::vector<Slot> slots_of(const Graph& graph) {
    switch (graph.function) {
      case Function::forward:
        return graph.bias ? std::vector{Slot::x, Slot::w, Slot::y, Slot::bias, Slot::residual}
                          : std::vector{Slot::x, Slot::w, Slot::y};
      case Function::backward_data: return {Slot::dy, Slot::w, Slot::dx};
      case Function::backward_weights: return {Slot::x, Slot::dy, Slot::dw};
      case Function::forward_stats: return {Slot::x, Slot::w, Slot::y, Slot::sum, Slot::sum_of_squares};
    }
    return {};
  }

  void add(Slot slot, const Shape& shape, DType dtype) {
    std::vector<float> values(static_cast<size_t>(std::min<int64_t>(shape.numel(), 1 << 16)));
    uint32_t state = static_cast<uint32_t>(slot) * 2654435761u + 1;
    for (float& value : values) {
      state = state * 1664525u + 1013904223u;
      value = static_cast<float>(static_cast<int32_t>(state)) * 0x1p-32f;
    }
    const int64_t piece = static_cast<int64_t>(values.size());
    const Tensor pattern = Tensor::from(values, {piece}).to(dtype).to(Device::cuda());
    Tensor t = Tensor::empty(shape, dtype, Device::cuda());
    for (int64_t at = 0; at < shape.numel(); at += piece) {
      const int64_t count = std::min(piece, shape.numel() - at);
      t.slice(at, {count}).copy_from(pattern.slice(0, {count}));
    }
    tensors_.emplace(slot, t);
  }

  std::map<Slot, Tensor> tensors_;
};

/// Milliseconds of one execution: the median of five turns of three.
double milliseconds_of(const cudnn::Plan& plan, cudnnHandle_t handle, const std::vector<Binding>& bindings) {
  constexpr int kTurns = 5, kCalls = 3;
  const auto stream = static_cast<cudaStream_t>(gpu::stream(0));
  const Storage workspace(plan.workspace_bytes(), Device::cuda());
  cudaEvent_t start = nullptr, stop = nullptr;
  CUDA_CHECK(cudaEventCreate(&start));
  CUDA_CHECK(cudaEventCreate(&stop));
  plan.execute(handle, bindings, workspace.data());
  std::vector<float> times(kTurns);
  for (float& time : times) {
    CUDA_CHECK(cudaEventRecord(start, stream));
    for (int i = 0; i < kCalls; ++i) plan.execute(handle, bindings, workspace.data());
    CUDA_CHECK(cudaEventRecord(stop, stream));
    CUDA_CHECK(cudaEventSynchronize(stop));
    CUDA_CHECK(cudaEventElapsedTime(&time, start, stop));
  }
  cudaEventDestroy(start);
  cudaEventDestroy(stop);
  std::sort(times.begin(), times.end());
  return times[kTurns / 2] / kCalls;
}

struct Timed {
  double milliseconds = 0;
  std::string engine = "none";
};

void print_graph(const char* title, const Graph& graph, const Arrays& arrays, cudnnHandle_t handle, int tried) {
  std::optional<Timed> first, best;
  const cudnn::Candidates candidates(graph, cudnn::Card::present(handle));
  const auto bindings = arrays.of(graph);
  int left = tried;
  for (int i = 0; i < candidates.count() && left > 0; ++i) {
    const auto plan = candidates.build(i);
    if (!plan || plan->workspace_bytes() > cudnn::Planner::kMostWorkspace) continue;
    --left;
    try {
      const Timed timed{milliseconds_of(*plan, handle, bindings), plan->engine()};
      if (!first) first = timed;
      if (!best || timed.milliseconds < best->milliseconds) best = timed;
    } catch (const std::exception& error) {
      std::cerr << title << ": " << plan->engine() << ": " << error.what() << '\n';
    }
  }
  if (!first) return void(std::cout << fmt::format("  {:28} none: {}\n", title, candidates.why_none()));
  const double memory = arrays.bytes_of(graph) / 3e9, arithmetic = graph.shape.flops() / 800e9;
  std::cout << fmt::format("  {:28} first {:7.4f}  best {:7.4f} ms  floor {:3.0f} % of {}   {} -> {}\n", title,
                           first->milliseconds, best->milliseconds, 100 * std::max(memory, arithmetic) / best->milliseconds,
                           memory > arithmetic ? "memory" : "arithmetic", first->engine, best->engine)
            << std::flush;
}

void print_conv(const NetworkConv& conv, DType dtype, int64_t batch, cudnnHandle_t handle, int tried) {
  const ConvShape shape = conv.shape(dtype, batch);
  const Arrays arrays(shape);
  std::cout << fmt::format("{} {}\n", conv.network, shape.text());
  print_graph("forward", {.function = Function::forward, .shape = shape}, arrays, handle, tried);
  print_graph("forward+bias+residual+relu",
              {.function = Function::forward, .shape = shape, .bias = true, .residual = true, .relu = true}, arrays, handle,
              tried);
  print_graph("backward_weights", {.function = Function::backward_weights, .shape = shape}, arrays, handle, tried);
  if (conv.in_channels == 3) return;  // a picture wants no gradient
  print_graph("backward_data", {.function = Function::backward_data, .shape = shape}, arrays, handle, tried);
  if (dtype != DType::f16) return;
  print_graph("forward+stats", {.function = Function::forward_stats, .shape = shape}, arrays, handle, tried);
}

/// A ResNet's first convolution: with its 3 channels, with zeros beside them, and as a 4x4 over pictures whose 2x2 blocks became
/// channels (12, and padded to 16).
constexpr NetworkConv kStems[] = {{"stem", 224, 3, 64, 7, 2, 3},
                                  {"stem", 224, 4, 64, 7, 2, 3},
                                  {"stem", 224, 8, 64, 7, 2, 3},
                                  {"stem", 115, 12, 64, 4, 1, 0},
                                  {"stem", 115, 16, 64, 4, 1, 0}};

void print(std::string_view network, int64_t batch, DType dtype, int tried) {
  cudnnHandle_t handle = nullptr;
  cudnn::check(cudnnCreate(&handle), "cudnnCreate");
  cudnn::check(cudnnSetStream(handle, static_cast<cudaStream_t>(gpu::stream(0))), "cudnnSetStream");
  std::cout << fmt::format("{}, cuDNN {}, batch {}\n", gpu::properties(0).name, cudnn::version(), batch);
  for (const NetworkConv& conv : kNetworkConvs) {
    if (network == "all" || conv.network == network) print_conv(conv, dtype, batch, handle, tried);
  }
  if (network != "stem") return;
  for (const NetworkConv& conv : kStems) print_conv(conv, dtype, batch, handle, tried);
}

}  // namespace
}  // namespace cudenza::testing

int main(int argc, char** argv) {
  using namespace cudenza;
  if (gpu::count() == 0) {
    std::cerr << "conv_engines needs a GPU: " << gpu::why_none() << '\n';
    return 4;
  }
  const std::string_view type = argc > 3 ? argv[3] : "f16";
  const DType dtype = type == "f32" ? DType::f32 : type == "bf16" ? DType::bf16 : DType::f16;
  testing::print(argc > 1 ? argv[1] : "all", argc > 2 ? std::atoll(argv[2]) : 256, dtype, argc > 4 ? std::atoi(argv[4]) : 4);
}
