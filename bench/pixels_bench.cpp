/// Spectrogram pictures kept as bytes to a batch for a network (kernels/pixels): bytes read once, floats written once, beside the
/// device's copy bandwidth. `chances` 1: turned and masked at random, as in training.
///
///   cudenza_bench --benchmark_filter='^pixels/'
#include <benchmark/benchmark.h>

#include <numeric>

#include "bench/copy_bandwidth.h"
#include "bench/timer.h"
#include "engine/core/dispatch.h"
#include "engine/core/tensor.h"
#include "kernels/pixels/pixels.h"

namespace cudenza::bench {
namespace {

constexpr int kSize = 224, kChannels = 3;
constexpr int64_t kResident = 640;

template <class T> void batch_of_pictures(benchmark::State& state, DType dtype) {
  const Device device = state.range(0) ? Device::cuda() : Device::cpu();
  kernels::PixelBatch batch{.resident = kResident,
                            .batch = device.is_cuda() ? 256 : 64,
                            .height = kSize,
                            .width = kSize,
                            .channels = kChannels,
                            .scale = {0.01f, 0.01f, 0.01f},
                            .shift = {-1, -1, -1},
                            .chances = {},
                            .seed = 1};
  if (state.range(1)) batch.chances = {.turn = 40, .columns = 20, .rows = 20};
  const Tensor x = Tensor::zeros({kResident, kSize, kSize, kChannels}, DType::u8, device),
               y = Tensor::empty({batch.batch, kSize, kSize, kChannels}, dtype, device);
  std::vector<int64_t> numbers(static_cast<size_t>(batch.batch));
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int64_t>(i * 37 % kResident);
  const Tensor rows = Tensor::from(numbers, {batch.batch}, device);
  const auto work = [&] {
    on_device(device,
              [&](auto where) { kernels::pixels(where, batch, x.data<uint8_t>(), rows.data<int64_t>(), nullptr, y.data<T>()); });
  };
  const int calls = device.is_cuda() ? 20 : 1;  // on a GPU one wait would cost as much as a small kernel
  work();
  for (auto _ : state) state.SetIterationTime(seconds_of(device, calls, work) / calls);
  const double bytes = static_cast<double>(y.numel()) + static_cast<double>(y.bytes());
  using benchmark::Counter;
  state.counters["gb_per_s"] = Counter(bytes / 1e9, Counter::kIsIterationInvariantRate);
  state.counters["share_of_copy"] = Counter(bytes / copy_bytes_per_second(device), Counter::kIsIterationInvariantRate);
}

void devices(benchmark::internal::Benchmark* b) {
  b->ArgNames({"gpu", "chances"})->UseManualTime()->Unit(benchmark::kMillisecond);
  for (const int64_t gpu : {0, 1}) {
    for (const int64_t chances : {0, 1}) {
      if (gpu == 0 || gpu::count() > 0) b->Args({gpu, chances});
    }
  }
}

void f32_pictures(benchmark::State& state) { batch_of_pictures<float>(state, DType::f32); }
void bf16_pictures(benchmark::State& state) { batch_of_pictures<bf16>(state, DType::bf16); }

BENCHMARK(f32_pictures)->Name("pixels/batch/f32")->Apply(devices);
BENCHMARK(bf16_pictures)->Name("pixels/batch/bf16")->Apply(devices);

}  // namespace
}  // namespace cudenza::bench
