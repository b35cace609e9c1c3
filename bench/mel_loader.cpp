/// From files to a network's input on the CPU: decoding, resampling to 44.1 kHz, spectrogram and picture, alone and overlapped:
/// what `train` does before its first step (decoding) and in each (the picture of a batch).
///
///   CUDENZA_BENCH_AUDIO=folder cudenza_bench --benchmark_filter='^mel/loader/'
#include <benchmark/benchmark.h>
#include <omp.h>

#include <algorithm>
#include <cstdlib>

#include "bench/timer.h"
#include "engine/audio/clips.h"
#include "engine/audio/decode.h"
#include "engine/audio/picture.h"
#include "engine/data/dataset.h"
#include "tests/support/scratch_folder.h"

namespace cudenza::bench {
namespace {

constexpr int kRate = 44100;

std::vector<std::filesystem::path> files() {
  const Dataset data = open_dataset(std::getenv("CUDENZA_BENCH_AUDIO"));
  std::vector<std::filesystem::path> paths;
  for (const Item& item : data.items) paths.push_back(data.path_of(item));
  return paths;
}

/// What a training step does with a clip before the network.
class PictureOfClip {
 public:
  void operator()(const Clip& clip) const {
    if (clip.usable()) mel_picture(log_mel_, picture_, clip.pcm.view({1, clip.pcm.numel()}));
  }

 private:
  LogMel log_mel_{MelSpec::preset("seed")};
  Picture picture_{{}, Normalize::clip};
};

void report(benchmark::State& state, size_t clips, const std::function<void()>& work) {
  work();  // warms the disk's cache, and ours
  for (auto _ : state) state.SetIterationTime(seconds_of(Device::cpu(), 1, work));
  state.counters["clips_per_s"] = benchmark::Counter(static_cast<double>(clips), benchmark::Counter::kIsIterationInvariantRate);
}

/// `threads` decode while this one takes the clips and, if `pictures`, makes their pictures.
void load(benchmark::State& state, bool cached, bool pictures) {
  const auto paths = files();
  const testing::ScratchFolder folder;
  PcmCache cache(folder.path());
  const PictureOfClip make_picture;
  const int all_threads = omp_get_max_threads();
  omp_set_num_threads(1);  // of the picture: the decoders have threads of their own
  const LoadClipsOptions options{.threads = static_cast<int>(state.range(0)), .cache = cached ? &cache : nullptr};
  report(state, paths.size(), [&] {
    for_each_clip(paths, kRate, options, [&](size_t, const Clip& clip) {
      if (pictures) make_picture(clip);
    });
  });
  omp_set_num_threads(all_threads);
}

void pictures_alone(benchmark::State& state) {
  auto paths = files();
  paths.resize(std::min<size_t>(paths.size(), 20));
  const auto clips = load_clips(paths, kRate);
  const PictureOfClip make_picture;
  const int all_threads = omp_get_max_threads();
  omp_set_num_threads(1);
  report(state, clips.size(), [&] {
    for (const Clip& clip : clips) make_picture(clip);
  });
  omp_set_num_threads(all_threads);
}

void add(const char* name, auto body, const std::vector<int64_t>& threads) {
  auto* const b = benchmark::RegisterBenchmark(name, body)->UseManualTime()->Unit(benchmark::kMillisecond)->ArgName("threads");
  for (const int64_t count : threads) b->Arg(count);
}

const bool registered = [] {
  if (!std::getenv("CUDENZA_BENCH_AUDIO")) return false;
  const std::vector<int64_t> one_and_all = {1, omp_get_max_threads()};
  add(
      "mel/loader/decode", [](auto& state) { load(state, false, false); }, one_and_all);
  add("mel/loader/from_cache", [](auto& state) { load(state, true, false); }, {1});
  add("mel/loader/picture", pictures_alone, {1});
  add(
      "mel/loader/decode_and_picture", [](auto& state) { load(state, false, true); }, one_and_all);
  add("mel/loader/from_cache_and_picture", [](auto& state) { load(state, true, true); }, {1});
  return true;
}();

}  // namespace
}  // namespace cudenza::bench
