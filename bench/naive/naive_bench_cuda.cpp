/// The naive kernels at the sizes that the op cases are timed at: compare naive/relu with relu/whole_packs/forward, and so on.
#include <benchmark/benchmark.h>

#include "bench/memory_speed.h"
#include "bench/naive/naive.h"
#include "bench/timer.h"
#include "engine/core/tensor.h"

namespace cudenza::bench {
namespace {

/// Times work(x, y) on a zeroed x and a y of the given sizes.
template <class Work> void time_naive(benchmark::State& state, const Shape& x_shape, const Shape& y_shape, Work work) {
  if (gpu::count() == 0) return state.SkipWithError("needs a GPU");
  const Device device = Device::cuda();
  const Tensor x = Tensor::zeros(x_shape, DType::f32, device), y = Tensor::zeros(y_shape, DType::f32, device);
  const naive::Gpu where{gpu::stream(device.index())};
  const auto once = [&] { work(where, x.data<float>(), y.data<float>()); };
  once();
  constexpr int kCalls = 20;
  for (auto _ : state) state.SetIterationTime(seconds_of(device, kCalls, once) / kCalls);
  const double bytes = static_cast<double>(x.bytes() + y.bytes());
  using benchmark::Counter;
  state.counters["gb_per_s"] = Counter(bytes / 1e9, Counter::kIsIterationInvariantRate);
  state.counters["share_of_copy"] = Counter(bytes / copy_bytes_per_second(device), Counter::kIsIterationInvariantRate);
}

void naive_relu(benchmark::State& state) {
  const Shape shape{32, 112, 112, 64};
  time_naive(state, shape, shape, [&](auto gpu, const float* x, float* y) { naive::relu(gpu, x, y, shape.numel()); });
}

void naive_sum_rows(benchmark::State& state) {
  const Shape shape{32, 112, 112, 64};
  time_naive(state, shape, {64}, [&](auto gpu, const float* x, float* y) { naive::sum_rows(gpu, x, y, shape.rows(), 64); });
}

void naive_statistics(benchmark::State& state) {
  const Shape shape{32, 112, 112, 64};
  time_naive(state, shape, {2, 64},
             [&](auto gpu, const float* x, float* y) { naive::statistics(gpu, x, y, y + 64, shape.rows(), 64); });
}

void naive_transpose(benchmark::State& state) {
  const Shape shape{32, 64, 112, 112};
  time_naive(state, shape, shape, [](auto gpu, const float* x, float* y) { naive::transpose(gpu, x, y, 32, 64, 112 * 112); });
}

void naive_softmax_xent(benchmark::State& state) {
  constexpr int64_t kRows = 8192, kClasses = 1000;
  const Tensor labels = gpu::count() > 0 ? Tensor::zeros({kRows}, DType::i64, Device::cuda()) : Tensor();
  time_naive(state, {kRows, kClasses}, {kRows}, [&](auto gpu, const float* x, float* y) {
    naive::softmax_xent(gpu, x, labels.data<int64_t>(), y, kRows, kClasses);
  });
}

void naive_max_pool(benchmark::State& state) {
  time_naive(state, {32, 112, 112, 64}, {32, 56, 56, 64},
             [](auto gpu, const float* x, float* y) { naive::max_pool(gpu, x, y, 32, 112, 112, 64); });
}

#define CUDENZA_NAIVE(job) \
  BENCHMARK(naive_##job)->Name("naive/" #job "/forward/cuda:0/f32")->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.2)
CUDENZA_NAIVE(relu);
CUDENZA_NAIVE(sum_rows);
CUDENZA_NAIVE(statistics);
CUDENZA_NAIVE(transpose);
CUDENZA_NAIVE(softmax_xent);
CUDENZA_NAIVE(max_pool);

}  // namespace
}  // namespace cudenza::bench
