#include "bench/rates.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "bench/copy_bandwidth.h"
#include "bench/timer.h"
#include "engine/core/gpu.h"

namespace cudenza::bench {

namespace {
constexpr int kCallsOnGpu = 10;  // timed together: one wait would cost as much as a small kernel

/// Calls `work` again and again: on a GPU as a replay of recorded calls, so that the host's own time does not count.
class Repeated {
 public:
  Repeated(Device device, const std::function<void()>& work) : device_(device), work_(work) {
    work();  // libraries find their plans now
    if (device.is_cpu() || copies_to_or_from_host()) return;
    recording_.emplace(device.index(), [&] {
      for (int i = 0; i < kCallsOnGpu; ++i) work();
    });
    recording_->replay();
  }
  /// Of one call.
  double seconds() const {
    if (device_.is_cpu()) return seconds_of(device_, 1, work_);
    if (!recording_) return seconds_of(device_, kCallsOnGpu, work_) / kCallsOnGpu;
    return seconds_of(device_, 1, [&] { recording_->replay(); }) / kCallsOnGpu;
  }

 private:
  /// What does so cannot be recorded: a replay would read the host's memory anew.
  bool copies_to_or_from_host() const {
    const gpu::Activity before = gpu::activity(device_.index());
    work_();
    const gpu::Activity during = gpu::activity(device_.index()) - before;
    return during.host_copies > 0 || during.synchronisations > 0;
  }

  Device device_;
  const std::function<void()>& work_;
  std::optional<gpu::Recording> recording_;
};

}  // namespace

void report_rates(benchmark::State& state, Device device, double bytes, double flops, const std::function<void()>& work) {
  const Repeated repeated(device, work);
  double best = std::numeric_limits<double>::infinity();
  for (auto _ : state) {
    const double seconds = repeated.seconds();
    state.SetIterationTime(seconds);
    best = std::min(best, seconds);
  }
  state.counters["gb_per_s"] = bytes / best / 1e9;
  state.counters["share_of_copy"] = bytes / best / copy_bytes_per_second(device);
  if (flops > 0) state.counters["gflop_per_s"] = flops / best / 1e9;
}

void add_benchmark(const std::string& name, Device device, std::function<void(benchmark::State&)> body) {
  auto* const made = benchmark::RegisterBenchmark(name.c_str(), [body](benchmark::State& state) { body(state); })
                         ->UseManualTime()
                         ->Unit(benchmark::kMillisecond);
  if (device.is_cuda()) made->Iterations(10);  // of many calls each
  else made->MinTime(0.2);
}

}  // namespace cudenza::bench
