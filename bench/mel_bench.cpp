/// Sound to pictures: clips of 30 s at 44.1 kHz per second, whole and stage by stage. On the CPU on one thread, which is how
/// clips a second and core are counted (clips are independent: a batch fills all cores). Beside them the bytes that must be read
/// and written (each input and each result once), with the share of the device's copy bandwidth.
///
///   cudenza_bench --benchmark_filter='^mel/'
///
/// CUDENZA_BENCH_CLIPS names a file of float32 clips, 1,323,000 samples each, to use instead of noise (bench/mel_peers.py).
#include <benchmark/benchmark.h>
#include <omp.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "bench/memory_speed.h"
#include "bench/timer.h"
#include "engine/audio/mel_tables.h"
#include "engine/audio/picture.h"
#include "engine/core/dispatch.h"
#include "kernels/fft/fft_lanes.h"
#include "tests/support/raw_file.h"

namespace cudenza::bench {
namespace {

constexpr int64_t kSamples = 30 * 44100;

/// Clips of noise, no two neighbours alike: a few, over and over.
Tensor noise(int64_t clips) {
  constexpr int64_t kDrawn = 4;
  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(-0.5f, 0.5f);
  const Tensor pcm = Tensor::empty({clips, kSamples}, DType::f32);
  const Tensor drawn = pcm.slice(0, {std::min(kDrawn, clips), kSamples});
  for (float& x : drawn.span<float>()) x = uniform(random);
  for (int64_t c = kDrawn; c < clips; ++c)
    pcm.slice(c * kSamples, {kSamples}).copy_from(pcm.slice(c % kDrawn * kSamples, {kSamples}));
  return pcm;
}

/// `clips` clips of i16 or f32: the file's, over and over, or noise.
Tensor clips_of(DType dtype, int64_t clips, Device device) {
  Tensor pcm = noise(clips);
  if (const char* path = std::getenv("CUDENZA_BENCH_CLIPS")) {
    const auto samples = testing::read_raw<float>(path);
    const auto there = static_cast<int64_t>(samples.size()) / kSamples;
    for (int64_t c = 0; c < clips; ++c) {
      pcm.slice(c * kSamples, {kSamples})
          .copy_from(Tensor::from(std::span(samples).subspan(static_cast<size_t>(c % there * kSamples), kSamples), {kSamples}));
    }
  }
  if (dtype == DType::i16) {
    const Tensor whole = Tensor::empty(pcm.shape(), DType::i16);
    std::ranges::transform(pcm.span<float>(), whole.span<int16_t>().begin(),
                           [](float x) { return static_cast<int16_t>(x * 32767); });
    pcm = whole;
  }
  return pcm.to(device);
}

double bytes_of(const Tensor& t) { return static_cast<double>(t.bytes()); }

/// Times work on `clips` clips and reports clips a second, and bytes if there are any to speak of.
void time_clips(benchmark::State& state, Device device, int64_t clips, double bytes, const std::function<void()>& work) {
  using benchmark::Counter;
  const int threads = omp_get_max_threads();
  if (device.is_cpu()) omp_set_num_threads(1);
  work();
  for (auto _ : state) state.SetIterationTime(seconds_of(device, 1, work));
  omp_set_num_threads(threads);
  state.counters["clips_per_s"] = Counter(static_cast<double>(clips), Counter::kIsIterationInvariantRate);
  if (bytes == 0) return;
  state.counters["gb_per_s"] = Counter(bytes / 1e9, Counter::kIsIterationInvariantRate);
  state.counters["share_of_copy"] = Counter(bytes / copy_bytes_per_second(device), Counter::kIsIterationInvariantRate);
}

Device device_of(const benchmark::State& state) { return state.range(0) ? Device::cuda() : Device::cpu(); }
int64_t batch_of(Device device) { return device.is_cuda() ? 256 : 4; }

void time_log_mel(benchmark::State& state, const MelSpec& spec, DType dtype, GpuFft fft) {
  const Device device = device_of(state);
  const LogMel op(spec, device, fft);
  const Tensor pcm = clips_of(dtype, batch_of(device), device);
  time_clips(state, device, pcm.size(0), bytes_of(pcm) + bytes_of(op(pcm)), [&] { op(pcm); });
}

void log_mel(benchmark::State& state, const char* preset, DType dtype, GpuFft fft) {
  time_log_mel(state, MelSpec::preset(preset), dtype, fft);
}

void standardised(benchmark::State& state) {
  MelSpec spec = MelSpec::preset("seed");
  spec.standardise_wave = true;
  time_log_mel(state, spec, DType::i16, GpuFft::fused);
}

Tensor spectrograms_on(Device device) {
  return LogMel(MelSpec::preset("seed"), device)(clips_of(DType::i16, batch_of(device), device));
}

void mel_to_picture(benchmark::State& state, Normalize normalize, DType dtype) {
  const Device device = device_of(state);
  const Tensor mel_db = spectrograms_on(device);
  const Picture make({.dtype = dtype}, normalize, nullptr, device);
  time_clips(state, device, mel_db.size(0), bytes_of(mel_db) + bytes_of(make(mel_db)), [&] { make(mel_db); });
}

/// What `global` and `bin` are normalised by; the numbers go to the host, which waits.
void statistics(benchmark::State& state) {
  const Tensor mel_db = spectrograms_on(device_of(state));
  time_clips(state, device_of(state), mel_db.size(0), bytes_of(mel_db), [&] { MelStatistics().add(mel_db); });
}

void whole_way(benchmark::State& state) {
  const Device device = device_of(state);
  const LogMel op(MelSpec::preset("seed"), device);
  const Picture make({.dtype = DType::bf16}, Normalize::clip, nullptr, device);
  const Tensor pcm = clips_of(DType::i16, batch_of(device), device);
  const double bytes = bytes_of(pcm) + bytes_of(mel_picture(op, make, pcm));
  time_clips(state, device, pcm.size(0), bytes, [&] { mel_picture(op, make, pcm); });
}

/// The transforms of all frames of a batch, frames and spectra in memory.
void transforms(benchmark::State& state) {
  const Device device = device_of(state);
  const int64_t clips = batch_of(device) / 4;
  const MelSpec spec = MelSpec::preset("seed");
  const MelTables tables = make_mel_tables(spec, DType::f32, device);
  const auto plan = mel_plan<float>(spec, tables, kSamples);
  const int64_t frames = clips * plan.frames;
  const Tensor x = Tensor::full({frames, spec.n_fft}, 0.25, DType::f32, device),
               y = Tensor::empty({frames, spec.bins(), 2}, DType::f32, device);
  time_clips(state, device, clips, bytes_of(x) + bytes_of(y), [&] {
    on_device(device, [&](auto where) {
      kernels::rfft_forward(where, plan.fft, x.data<float>(), reinterpret_cast<kernels::Complex<float>*>(y.data<float>()),
                            frames);
    });
  });
}

/// The transforms alone of as many frames as a clip has, in cache.
void transforms_in_cache(benchmark::State& state) {
  using V = kernels::Lanes<float>;
  const auto plan = kernels::make_fft_plan(1024, kernels::FftRadix::cpu);
  const auto twiddles = kernels::fft_twiddles<float>(plan);
  std::vector<kernels::Complex<V>> x(1024);
  const int64_t groups = (MelSpec::preset("seed").frames(kSamples) + V::kCount - 1) / V::kCount;
  time_clips(state, Device::cpu(), 1, 0, [&] {
    for (int64_t g = 0; g < groups; ++g) {
      for (auto& value : x) value = {V::all(0.25f), V::all(-0.5f)};  // else it would grow beyond all bounds
      kernels::fft_lanes(plan, twiddles.data(), x.data());
      benchmark::ClobberMemory();
    }
  });
}

void devices(benchmark::internal::Benchmark* b) {
  b->ArgName("gpu")->Arg(0)->UseManualTime()->Unit(benchmark::kMillisecond);
  if (gpu::count() > 0) b->Arg(1);
}

BENCHMARK_CAPTURE(log_mel, seed_f32, "seed", DType::f32, GpuFft::fused)->Name("mel/seed/f32")->Apply(devices);
BENCHMARK_CAPTURE(log_mel, seed_i16, "seed", DType::i16, GpuFft::fused)->Name("mel/seed/i16")->Apply(devices);
BENCHMARK_CAPTURE(log_mel, torchaudio_f32, "torchaudio", DType::f32, GpuFft::fused)->Name("mel/torchaudio/f32")->Apply(devices);
BENCHMARK_CAPTURE(log_mel, seed_i16_cufft, "seed", DType::i16, GpuFft::cufft)->Name("mel/seed/i16/cufft")->Apply(devices);
BENCHMARK_CAPTURE(mel_to_picture, none, Normalize::none, DType::f32)->Name("mel/picture/none/f32")->Apply(devices);
BENCHMARK_CAPTURE(mel_to_picture, bf16, Normalize::none, DType::bf16)->Name("mel/picture/none/bf16")->Apply(devices);
BENCHMARK_CAPTURE(mel_to_picture, clip, Normalize::clip, DType::f32)->Name("mel/picture/clip/f32")->Apply(devices);
BENCHMARK(whole_way)->Name("mel/whole_way/i16/bf16")->Apply(devices);
BENCHMARK(standardised)->Name("mel/seed/i16/standardised")->Apply(devices);
BENCHMARK(statistics)->Name("mel/statistics/f32")->Apply(devices);
BENCHMARK(transforms)->Name("mel/transforms/f32")->Apply(devices);
BENCHMARK(transforms_in_cache)->Name("mel/transforms_in_cache")->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cudenza::bench
