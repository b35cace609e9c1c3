/// What chance costs: a batch of augmented clips, its TTA variants, masks and mixup, in GB/s (what must be
/// read once plus what must be written once) with the share of the device's copy bandwidth. `parts`: 0 is nothing but the
/// gather, 1 the study's noise and cut-out, each for half of the clips, 2 noise for every clip.
///
///   cudenza_bench --benchmark_filter='^(augment|tta|mixup)/'
#include <benchmark/benchmark.h>

#include "bench/copy_bandwidth.h"
#include "bench/timer.h"
#include "engine/audio/augment.h"
#include "engine/ops/mixup.h"
#include "tests/support/op_case.h"

namespace cudenza::bench {
namespace {

constexpr int64_t kSamples = 30 * 44100;

Device device_of(const benchmark::State& state) { return state.range(0) ? Device::cuda() : Device::cpu(); }

double bytes_of(const Tensor& t) { return static_cast<double>(t.bytes()); }

void report(benchmark::State& state, double bytes, const std::function<void()>& work) {
  const Device device = device_of(state);
  const int calls = device.is_cuda() ? 20 : 1;  // on a GPU one wait would cost as much as a small kernel
  work();
  for (auto _ : state) state.SetIterationTime(seconds_of(device, calls, work) / calls);
  using benchmark::Counter;
  state.counters["gb_per_s"] = Counter(bytes / 1e9, Counter::kIsIterationInvariantRate);
  state.counters["share_of_copy"] = Counter(bytes / copy_bytes_per_second(device), Counter::kIsIterationInvariantRate);
}

Tensor normal(const Shape& shape, DType dtype, Device device) {
  return testing::make_inputs({{.shape = shape}}, DType::f32)[0].to(dtype).to(device);
}

/// Resident i16 clips of 30 s at 44.1 kHz.
ResidentClips clips_on(Device device, int64_t count) {
  const Tensor one = testing::make_inputs({{.shape = {kSamples}}}, DType::f32)[0],
               pcm = Tensor::empty({count, kSamples}, DType::i16);
  const auto from = one.span<float>();
  const auto to = pcm.span<int16_t>();
  for (size_t i = 0; i < to.size(); ++i) to[i] = static_cast<int16_t>(from[i % from.size()] * 6000);
  return ResidentClips(pcm.to(device));
}

AugmentSpec spec_of(const benchmark::State& state) {
  if (state.range(1) == 0) return {.noise_p = 0, .cutout_p = 0};
  return {.noise_p = state.range(1) == 1 ? 0.5 : 1.0};
}

void augment_batch(benchmark::State& state) {
  const Device device = device_of(state);
  const ResidentClips clips = clips_on(device, 64);
  const AugmentSpec spec = spec_of(state);
  const AugmentKey key{.seed = 1};
  const double bytes = bytes_of(clips.pcm()) + bytes_of(augment(clips, {}, spec, key));
  report(state, bytes, [&] { augment(clips, {}, spec, key); });
}

void variants_of_batch(benchmark::State& state) {
  const Device device = device_of(state);
  const ResidentClips clips = clips_on(device, device.is_cuda() ? 64 : 16);
  const AugmentSpec spec = spec_of(state);
  const double bytes = bytes_of(clips.pcm()) + bytes_of(tta_variants(clips, {}, spec, 1, 8));
  report(state, bytes, [&] { tta_variants(clips, {}, spec, 1, 8); });
}

void masks_of_batch(benchmark::State& state) {
  const Device device = device_of(state);
  const ResidentClips clips(Tensor::zeros({64, 8}, DType::i16, device));
  const Tensor mel_db = normal({64, 128, 2584}, DType::f32, device);
  const double masked = 2.0 * 64 * 5.5 * (128 + 2584) * sizeof(float);  // read and written, on the average
  report(state, masked, [&] { spec_augment({mel_db, {}}, clips, {}, {}, {.seed = 1}); });
}

void mixup_batch(benchmark::State& state, DType dtype) {
  const Device device = device_of(state);
  const Tensor x = normal({state.range(1), 224, 224, 3}, dtype, device),
               labels = Tensor::zeros({state.range(1)}, DType::i64, device);
  Generator random(1);
  report(state, 2 * bytes_of(x), [&] { mixup(x, labels, 0.4, random); });
}

void with(benchmark::internal::Benchmark* b, const char* name, const std::vector<int64_t>& values) {
  b->ArgNames({"gpu", name})->UseManualTime()->Unit(benchmark::kMillisecond);
  for (const int64_t gpu : {0, 1}) {
    for (const int64_t value : values) {
      if (gpu == 0 || gpu::count() > 0) b->Args({gpu, value});
    }
  }
}

void parts(benchmark::internal::Benchmark* b) { with(b, "parts", {0, 1, 2}); }
void batches(benchmark::internal::Benchmark* b) { with(b, "batch", {64, 256}); }
void once(benchmark::internal::Benchmark* b) { with(b, "all", {1}); }

BENCHMARK(augment_batch)->Name("augment/batch/i16")->Apply(parts);
BENCHMARK(variants_of_batch)->Name("tta/variants_8/i16")->Apply(parts);
BENCHMARK(masks_of_batch)->Name("augment/masks/f32")->Apply(once);
BENCHMARK_CAPTURE(mixup_batch, f32, DType::f32)->Name("mixup/pictures/f32")->Apply(batches);
BENCHMARK_CAPTURE(mixup_batch, bf16, DType::bf16)->Name("mixup/pictures/bf16")->Apply(batches);

}  // namespace
}  // namespace cudenza::bench
