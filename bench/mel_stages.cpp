/// Where the time of a log-mel spectrogram goes on one CPU core: the pieces that kernels/mel/mel_cpu.cpp is made of, each alone
/// and in cache over a clip of 30 s at 44.1 kHz, with its arithmetic beside what the core can do at most.
///
///   cudenza_bench --benchmark_filter='^mel/stage/'            (bench/mel_peers.py makes a table of it)
///
/// Reading, transposing and windowing samples cannot be timed alone: they are part of the transform's first pass. They are what
/// `all` takes beyond the other stages.
#include <benchmark/benchmark.h>
#include <omp.h>

#include <array>
#include <functional>
#include <numeric>
#include <random>

#include "bench/timer.h"
#include "engine/audio/mel_tables.h"
#include "engine/audio/picture.h"
#include "kernels/fft/fft_lanes.h"
#include "kernels/mel/mel_math.h"

namespace cudenza::bench {
namespace {

using kernels::Complex;
using V = kernels::Lanes<float>;

constexpr int64_t kSamples = 30 * 44100;

/// One thread's buffers for the frames of a vector, and a clip of noise.
struct Clip {
  MelSpec spec = MelSpec::preset("seed");
  MelTables tables = make_mel_tables(spec, DType::f32, Device::cpu());
  kernels::MelPlan<float> plan = mel_plan<float>(spec, tables, kSamples);
  int64_t frames = spec.frames(kSamples), groups = (frames + V::kCount - 1) / V::kCount;
  std::vector<float> pcm = std::vector<float>(kSamples), db = std::vector<float>(static_cast<size_t>(spec.n_mels * frames));
  std::vector<Complex<V>> z = std::vector<Complex<V>>(static_cast<size_t>(spec.n_fft / 2));  // zeros, which stay zeros
  std::vector<V> power = std::vector<V>(static_cast<size_t>(spec.bins()), V::all(0.1f));
  std::vector<V> mel = std::vector<V>(static_cast<size_t>(spec.n_mels), V::all(0.1f));

  Clip() {
    std::mt19937 random(3);
    std::uniform_real_distribution<float> uniform(-0.5f, 0.5f);
    for (float& x : pcm) x = uniform(random);
  }
  /// Weights of all filters that are not beside their triangle.
  double taps() const { return std::accumulate(plan.filters.count, plan.filters.count + spec.n_mels, 0.0); }
};

/// Floating-point operations a frame, a multiplication and an addition being two; a transform of n complex points counts as
/// 5 n log2 n, as everywhere.
struct Work {
  static double window(const Clip& c) { return 3.0 * c.spec.n_fft; }
  static double transform(const Clip& c) { return 2.5 * c.spec.n_fft * std::log2(c.spec.n_fft / 2); }
  static double power(const Clip& c) { return 0.25 * c.spec.n_fft * 14 + 3.0 * c.spec.bins(); }
  static double filters(const Clip& c) { return 2 * c.taps(); }
  static double decibels(const Clip& c) { return 26.0 * c.spec.n_mels; }
};

void report(benchmark::State& state, const Clip& clip, double flop_a_frame, const std::function<void()>& work) {
  const int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  work();
  for (auto _ : state) state.SetIterationTime(seconds_of(Device::cpu(), 1, work));
  omp_set_num_threads(threads);
  state.counters["flop"] = flop_a_frame * static_cast<double>(clip.frames);
  state.counters["flop_per_s"] =
      benchmark::Counter(flop_a_frame * static_cast<double>(clip.frames), benchmark::Counter::kIsIterationInvariantRate);
}

/// A stage that is done for every vector of frames.
template <class F> void per_group(benchmark::State& state, const Clip& clip, double flop_a_frame, F&& stage) {
  report(state, clip, flop_a_frame, [&] {
    for (int64_t g = 0; g < clip.groups; ++g) {
      stage();
      benchmark::ClobberMemory();
    }
  });
}

void all(benchmark::State& state) {
  Clip clip;
  const double flop = Work::window(clip) + Work::transform(clip) + Work::power(clip) + Work::filters(clip) + Work::decibels(clip);
  report(state, clip, flop, [&] {
    kernels::log_mel(kernels::Cpu{}, clip.plan, static_cast<const float*>(clip.pcm.data()),
                     static_cast<const kernels::Affine<float>*>(nullptr), clip.db.data(), 1);
  });
}

void transform(benchmark::State& state) {
  Clip clip;
  per_group(state, clip, Work::transform(clip),
            [&] { kernels::fft_lanes(clip.plan.fft.plan, clip.plan.fft.twiddles, clip.z.data()); });
}

void power(benchmark::State& state) {
  Clip clip;
  per_group(state, clip, Work::power(clip), [&] {
    kernels::split_real_lanes(
        clip.spec.n_fft, clip.plan.fft.split_twiddles, clip.plan.fft.order, clip.z.data(),
        [&](int k, const Complex<V>& value) { clip.power[static_cast<size_t>(k)] = kernels::squared(value); });
  });
}

void filters(benchmark::State& state) {
  Clip clip;
  per_group(state, clip, Work::filters(clip), [&] {
    const auto& f = clip.plan.filters;
    for (int b = 0; b < f.bands; ++b) {
      const float* const weights = f.weights + b * f.band_stride;
      const V* const bins = clip.power.data() + f.first[b];
      V even = V::all(0), odd = even;
      int j = 0;
      for (; j + 2 <= f.count[b]; j += 2) {
        even = even + bins[j] * weights[j];
        odd = odd + bins[j + 1] * weights[j + 1];
      }
      if (j < f.count[b]) even = even + bins[j] * weights[j];
      clip.mel[static_cast<size_t>(b)] = even + odd;
    }
  });
}

void decibels(benchmark::State& state) {
  Clip clip;
  std::vector<float> band(static_cast<size_t>(clip.spec.n_mels) * V::kCount, 0.1f), db(band.size());
  per_group(state, clip, Work::decibels(clip), [&] {
#pragma omp simd
    for (size_t i = 0; i < band.size(); ++i) db[i] = kernels::decibels(band[i], 1e-10f);
  });
}

void top_db(benchmark::State& state) {
  Clip clip;
  float floor = 0;
  const auto count = static_cast<int64_t>(clip.db.size());
  report(state, clip, 2.0 * clip.spec.n_mels, [&] {
    kernels::clip_floor(kernels::Cpu{}, clip.db.data(), &floor, 1, count, 80.0f);
    kernels::apply_floor(kernels::Cpu{}, clip.db.data(), &floor, 1, count);
  });
}

/// To 224 x 224 x 3, not normalised; from [bands, frames], two passes of the antialiased bilinear filter.
void picture(benchmark::State& state) {
  Clip clip;
  const Picture make({}, Normalize::none);
  const Tensor mel_db = Tensor::from(clip.db, {1, clip.spec.n_mels, clip.frames});
  const double across = 2.0 * static_cast<double>(clip.frames) / 224 * 2, down = 2 * 2;  // flop a value of each pass
  const double flop = 224 * clip.spec.n_mels * across + 224 * 224 * down;
  report(state, clip, flop / static_cast<double>(clip.frames), [&] { make(mel_db); });
}

/// What one core can do: as many chains of multiply-and-add as keep its units busy.
void most_flop(benchmark::State& state) {
  constexpr int kChains = 12, kSteps = 1 << 16;
  const Clip clip;
  report(state, clip, 2.0 * V::kCount * kChains * kSteps / static_cast<double>(clip.frames), [&] {
    std::array<V, kChains> x;
    for (int c = 0; c < kChains; ++c) x[static_cast<size_t>(c)] = V::all(static_cast<float>(c));
    float a = 0.999f, b = 0.001f;
    benchmark::DoNotOptimize(a);
    benchmark::DoNotOptimize(b);
    const V shift = V::all(b);
    for (int i = 0; i < kSteps; ++i) {
      for (V& chain : x) chain = chain * a + shift;
    }
    benchmark::DoNotOptimize(x);
  });
}

void on_one_core(benchmark::internal::Benchmark* b) { b->UseManualTime()->Unit(benchmark::kMillisecond); }

BENCHMARK(all)->Name("mel/stage/all")->Apply(on_one_core);
BENCHMARK(transform)->Name("mel/stage/transform")->Apply(on_one_core);
BENCHMARK(power)->Name("mel/stage/power")->Apply(on_one_core);
BENCHMARK(filters)->Name("mel/stage/filters")->Apply(on_one_core);
BENCHMARK(decibels)->Name("mel/stage/decibels")->Apply(on_one_core);
BENCHMARK(top_db)->Name("mel/stage/top_db")->Apply(on_one_core);
BENCHMARK(picture)->Name("mel/stage/picture")->Apply(on_one_core);
BENCHMARK(most_flop)->Name("mel/stage/most_flop")->Apply(on_one_core);

}  // namespace
}  // namespace cudenza::bench
