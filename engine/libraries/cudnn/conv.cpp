#include "engine/libraries/conv.h"

/// Convolutions on cuDNN 9. Every function is a Graph (graph.h), run through a plan that is chosen once per shape.
#include <cuda_runtime.h>
#include <cudnn.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/core/dispatch.h"
#include "engine/core/gpu.h"
#include "engine/core/storage.h"
#include "engine/core/tensor.h"
#include "engine/libraries/conv_in_depth.h"
#include "engine/libraries/cuda/device_scope.h"
#include "engine/libraries/cuda/library_of.h"
#include "engine/libraries/cudnn/planner.h"
#include "engine/libraries/math_mode.h"
#include "kernels/common/cuda_check.h"
#include "kernels/pointwise/pointwise.h"
#include "kernels/pointwise/pointwise_math.h"

namespace cudenza {
namespace {

using cudnn::Binding;
using cudnn::Function;
using cudnn::Graph;
using cudnn::Plan;
using cudnn::Slot;

bool is_output(Slot slot) {
  switch (slot) {
    case Slot::y:
    case Slot::dx:
    case Slot::dw:
    case Slot::sum:
    case Slot::sum_of_squares: return true;
    default: return false;
  }
}

size_t bytes_of(Slot slot, const ConvShape& s) {
  const size_t size = size_of(s.dtype);
  switch (slot) {
    case Slot::x:
    case Slot::dx: return size * s.batch * s.height * s.width * s.in_channels;
    case Slot::w:
    case Slot::dw: return size * s.out_channels * s.kernel_h * s.kernel_w * s.in_channels;
    case Slot::y:
    case Slot::dy:
    case Slot::residual: return size * s.batch * s.out_height() * s.out_width() * s.out_channels;
    default: return sizeof(float) * std::max(s.in_channels, s.out_channels);
  }
}

/// A cudaEvent_t with one owner.
class Event {
 public:
  Event() { CUDA_CHECK(cudaEventCreate(&event_)); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(cudaStream_t stream) { CUDA_CHECK(cudaEventRecord(event_, stream)); }
  /// Waits for this event.
  double seconds_since(const Event& start) {
    CUDA_CHECK(cudaEventSynchronize(event_));
    float milliseconds = 0;
    CUDA_CHECK(cudaEventElapsedTime(&milliseconds, start.event_, event_));
    return milliseconds * 1e-3;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

/// cuDNN on one GPU: its handle, bound to the engine's stream, and the plans found so far.
class Library {
 public:
  explicit Library(int device)
      : device_(device),
        handle_(made_handle(device)),
        planner_(cudnn::Card::present(handle_), files_of(gpu::properties(device))) {}

  /// Enqueues the graph. Returns false and does nothing if cuDNN has no engine for it.
  bool run(const Graph& graph, std::span<const Binding> bindings) {
    std::lock_guard lock(mutex_);
    const Plan* plan = plan_of(graph, bindings);
    if (plan) execute(*plan, bindings);
    return plan != nullptr;
  }

 private:
  static cudnnHandle_t made_handle(int device) {
    cudnnHandle_t handle = nullptr;  // lives as long as the process, like the stream
    cudnn::check(cudnnCreate(&handle), "cudnnCreate");
    cudnn::check(cudnnSetStream(handle, static_cast<cudaStream_t>(gpu::stream(device))), "cudnnSetStream");
    return handle;
  }

  static cudnn::PlanFiles files_of(const gpu::Properties& card) { return cudnn::PlanFiles::in_cache(card.sm, card.name); }

  const Plan* plan_of(const Graph& graph, std::span<const Binding> bindings) {
    // Trials synchronise, which a capture forbids: a shape first seen in a capture uses the heuristics.
    const bool timed = math_mode().autotune && (planner_.knows(graph, true) || !gpu::is_capturing());
    if (!timed) return planner_.plan(graph);
    return planner_.plan(graph, [&](const Plan& plan) { return trial(plan, graph.shape, bindings); });
  }

  void execute(const Plan& plan, std::span<const Binding> bindings) const {
    const Storage workspace(plan.workspace_bytes(), Device::cuda(device_));  // returns to the pool in stream order
    plan.execute(handle_, bindings, workspace.data());
  }

  /// Median of a few executions on the real inputs. Results go to a scratch buffer, because an output may also be an input.
  std::optional<double> trial(const Plan& plan, const ConvShape& shape, std::span<const Binding> bindings) const {
    constexpr int kRepeats = 5;
    const auto stream = static_cast<cudaStream_t>(gpu::stream(device_));
    try {
      std::vector<Binding> aside(bindings.begin(), bindings.end());
      std::vector<std::unique_ptr<Storage>> results;
      for (Binding& b : aside) {
        if (!is_output(b.slot)) continue;
        results.push_back(std::make_unique<Storage>(bytes_of(b.slot, shape), Device::cuda(device_)));
        b.pointer = results.back()->data();
      }
      execute(plan, aside);  // loads the kernel
      std::array<double, kRepeats> seconds;
      for (double& s : seconds) {
        Event start, stop;
        start.record(stream);
        execute(plan, aside);
        stop.record(stream);
        s = stop.seconds_since(start);
      }
      std::sort(seconds.begin(), seconds.end());
      return seconds[kRepeats / 2];
    } catch (const DeviceError&) {  // out of memory, or the engine cannot run: try the others
      return std::nullopt;
    }
  }

  int device_;
  cudnnHandle_t handle_;
  std::mutex mutex_;
  cudnn::Planner planner_;
};

/// The graph of a function under the process's MathMode.
Graph graph_of(Function function, const ConvShape& shape) {
  const MathMode mode = math_mode();
  return {.function = function,
          .shape = shape,
          .tf32 = shape.dtype != DType::f32 || mode.tf32_convolutions,
          .deterministic = mode.deterministic};
}

/// Runs the graph on a GPU. Does not check where arrays are: memory of a capture may not exist yet.
bool run(int device, Graph graph, std::initializer_list<Binding> bindings) {
  std::array<Binding, 16> bound{};
  size_t count = 0;
  for (const Binding& b : bindings) {
    if (!b.pointer) continue;
    bound[count++] = b;
    graph.alignment = std::min(graph.alignment, alignment_of({b.pointer}));
  }
  const DeviceScope scope(device);
  return library_of<Library>(device).run(graph, {bound.data(), count});
}

[[noreturn]] void throw_no_engine(const Graph& graph) {
  throw DeviceError(fmt::format(
      "conv2d: cuDNN {} has no engine for {} on this card; try `precision` bf16 or fp16, or channels in multiples of 8",
      cudnn::version(), graph.text()));
}

/// Converts a bias from f32 to 16 bits, as cuDNN expects it, or back.
Tensor bias_in_other_type(int device, DType of_arrays, const void* bias, bool is_rounded, int64_t count) {
  const Tensor other = Tensor::empty({count}, is_rounded ? DType::f32 : of_arrays, Device::cuda(device));
  const DeviceScope scope(device);
  dispatch_kernel("conv2d", Device::cuda(device), of_arrays, [&]<class T>(auto where) {
    if constexpr (sizeof(T) == 2) {
      if (is_rounded) kernels::map(where, kernels::Identity{}, static_cast<const T*>(bias), other.data<float>(), count);
      else kernels::map(where, kernels::Identity{}, static_cast<const float*>(bias), other.data<T>(), count);
    }
  });
  return other;
}

/// y = relu(y + bias + residual) by our own kernels.
void apply_epilogue(int device, const ConvShape& s, void* y, const ConvEpilogue& e) {
  const DeviceScope scope(device);
  const int64_t rows = s.batch * s.out_height() * s.out_width(), count = rows * s.out_channels;
  const Tensor widened = e.bias_is_rounded ? bias_in_other_type(device, s.dtype, e.bias, true, s.out_channels) : Tensor();
  const void* const bias = widened.defined() ? widened.raw() : e.bias;
  dispatch_kernel("conv2d", Device::cuda(device), s.dtype, [&]<class T>(auto where) {
    T* const out = static_cast<T*>(y);
    if (bias) kernels::map_channels(where, kernels::Plus{}, out, static_cast<const acc_t<T>*>(bias), out, rows, s.out_channels);
    if (e.residual) kernels::map2(where, kernels::Plus{}, out, static_cast<const T*>(e.residual), out, count);
    if (e.relu) kernels::map(where, kernels::Relu{}, out, out, count);
  });
}

/// x with its blocks of pixels as channels.
Tensor in_blocks(int device, DType dtype, const kernels::DepthShape& shape, const void* x) {
  const Tensor blocks = Tensor::empty({shape.out_blocks(), shape.out_channels()}, dtype, Device::cuda(device));
  const DeviceScope scope(device);
  dispatch_kernel("conv2d", Device::cuda(device), dtype, [&]<class T>(auto where) {
    if constexpr (sizeof(T) == 2) kernels::space_to_depth(where, shape, static_cast<const T*>(x), blocks.data<T>());
  });
  return blocks;
}

void out_of_blocks(int device, DType dtype, const kernels::DepthShape& shape, const void* blocks, void* x) {
  const DeviceScope scope(device);
  dispatch_kernel("conv2d", Device::cuda(device), dtype, [&]<class T>(auto where) {
    if constexpr (sizeof(T) == 2) kernels::depth_to_space(where, shape, static_cast<const T*>(blocks), static_cast<T*>(x));
  });
}

class CudnnConv final : public ConvBackend {
 public:
  explicit CudnnConv(int device) : device_(device) {}
  std::string_view name() const override { return "cudnn"; }
  bool supports(const ConvShape& s) const override {
    return s.dtype == DType::f32 || s.dtype == DType::bf16 || s.dtype == DType::f16;
  }

  void forward(const ConvShape& s, const void* x, const void* w, void* y, const ConvEpilogue& e) const override {
    if (const auto in_depth = conv_in_depth(s)) {
      const Tensor x2 = in_blocks(device_, s.dtype, in_depth->x, x), w2 = in_blocks(device_, s.dtype, in_depth->w, w);
      return forward(in_depth->shape, x2.raw(), w2.raw(), y, e);
    }
    Graph graph = graph_of(Function::forward, s);
    const bool plain = !e.bias && !e.residual && !e.relu;
    if (!plain && forward_fused(s, x, w, y, e)) return;
    if (!run(device_, graph, {{Slot::x, x}, {Slot::w, w}, {Slot::y, y}})) throw_no_engine(graph);
    if (!plain) apply_epilogue(device_, s, y, e);
  }

  /// With the epilogue in the same kernel. Returns false and does nothing if cuDNN has no such kernel.
  bool forward_fused(const ConvShape& s, const void* x, const void* w, void* y, const ConvEpilogue& e) const {
    Graph graph = graph_of(Function::forward, s);
    graph.bias = e.bias != nullptr;
    graph.residual = e.residual != nullptr;
    graph.relu = e.relu;
    const bool rounds = e.bias && !e.bias_is_rounded && s.dtype != DType::f32;
    const Tensor rounded = rounds ? bias_in_other_type(device_, s.dtype, e.bias, false, s.out_channels) : Tensor();
    const void* const bias = rounded.defined() ? rounded.raw() : e.bias;
    return run(device_, graph, {{Slot::x, x}, {Slot::w, w}, {Slot::bias, bias}, {Slot::residual, e.residual}, {Slot::y, y}});
  }

  bool forward_with_stats(const ConvShape& s, const void* x, const void* w, void* y, float* sum,
                          float* sum_of_squares) const override {
    if (conv_in_depth(s)) return false;  // cuDNN's own sums cost more there than a pass over y (measured on an H100)
    return run(device_, graph_of(Function::forward_stats, s),
               {{Slot::x, x}, {Slot::w, w}, {Slot::y, y}, {Slot::sum, sum}, {Slot::sum_of_squares, sum_of_squares}});
  }

  void backward_data(const ConvShape& s, const void* dy, const void* w, void* dx) const override {
    const Graph graph = graph_of(Function::backward_data, s);
    if (!run(device_, graph, {{Slot::dy, dy}, {Slot::w, w}, {Slot::dx, dx}})) throw_no_engine(graph);
  }

  void backward_weights(const ConvShape& s, const void* x, const void* dy, void* dw) const override {
    if (const auto in_depth = conv_in_depth(s)) {
      const Tensor x2 = in_blocks(device_, s.dtype, in_depth->x, x);
      const Storage dw2(bytes_of(Slot::dw, in_depth->shape), Device::cuda(device_));
      backward_weights(in_depth->shape, x2.raw(), dy, dw2.data());
      return out_of_blocks(device_, s.dtype, in_depth->w, dw2.data(), dw);
    }
    const Graph graph = graph_of(Function::backward_weights, s);
    if (!run(device_, graph, {{Slot::x, x}, {Slot::dy, dy}, {Slot::dw, dw}})) throw_no_engine(graph);
  }

 private:
  int device_;
};

}  // namespace

const ConvBackend& conv_gpu(int device) {
  static std::mutex mutex;
  static std::map<int, CudnnConv> one_a_card;
  std::lock_guard lock(mutex);
  return one_a_card.try_emplace(device, device).first->second;
}

}  // namespace cudenza
