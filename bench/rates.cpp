#include "bench/rates.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "bench/timer.h"
#include "engine/core/gpu.h"

namespace cudenza::bench {

namespace {
constexpr int kCallsOnGpu = 10;  // timed together: one wait would cost as much as a small kernel

/// Calls `work` again and again: on a GPU as a replay of captured calls, so that the host's own time does not count.
class Repeated {
 public:
  Repeated(Device device, const std::function<void()>& work) : device_(device), work_(work) {
    work();  // libraries find their plans now
    if (device.is_cpu() || copies_to_or_from_host()) return;
    graph_.emplace(device.index(), [&] {
      for (int i = 0; i < kCallsOnGpu; ++i) work();
    });
    graph_->replay();
  }
  /// Of one call.
  double seconds() const {
    if (device_.is_cpu()) return seconds_of(device_, 1, work_);
    if (!graph_) return seconds_of(device_, kCallsOnGpu, work_) / kCallsOnGpu;
    return seconds_of(device_, 1, [&] { graph_->replay(); }) / kCallsOnGpu;
  }

 private:
  /// What does so cannot be captured: a replay would read the host's memory anew.
  bool copies_to_or_from_host() const {
    const gpu::Activity before = gpu::activity(device_.index());
    work_();
    const gpu::Activity during = gpu::activity(device_.index()) - before;
    return during.host_copies > 0 || during.synchronisations > 0;
  }

  Device device_;
  const std::function<void()>& work_;
  std::optional<gpu::CapturedGraph> graph_;
};

}  // namespace

void report_rates(benchmark::State& state, Device device, const Traffic& traffic, double flops,
                  const std::function<void()>& work) {
  const Repeated repeated(device, work);
  std::vector<double> seconds, shares_of_copy, shares_of_memory;
  for (auto _ : state) {
    std::optional<MemorySpeed> beside;
    if (device.is_cpu()) beside = cpu_memory_speed();
    seconds.push_back(repeated.seconds());
    state.SetIterationTime(seconds.back());
    if (!beside) continue;
    shares_of_copy.push_back(traffic.both() / beside->copy / seconds.back());
    shares_of_memory.push_back(beside->seconds(traffic) / seconds.back());
  }
  const double one = device.is_cpu() ? median(seconds) : *std::ranges::min_element(seconds);
  state.counters["ms"] = 1e3 * one;
  if (flops > 0) state.counters["gflop_per_s"] = flops / one / 1e9;
  if (traffic.both() == 0) return;
  state.counters["gb_per_s"] = traffic.both() / one / 1e9;
  state.counters["share_of_copy"] =
      device.is_cpu() ? median(shares_of_copy) : traffic.both() / one / copy_bytes_per_second(device);
  if (device.is_cpu()) state.counters["share_of_memory"] = median(shares_of_memory);
}

void add_benchmark(const std::string& name, Device device, std::function<void(benchmark::State&)> body) {
  benchmark::RegisterBenchmark(name.c_str(), [body = std::move(body)](benchmark::State& state) { body(state); })
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond)
      ->Iterations(device.is_cuda() ? 10 : 15);  // on a GPU of many calls each
}

}  // namespace cudenza::bench
