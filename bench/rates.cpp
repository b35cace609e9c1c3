#include "bench/rates.h"

#include <algorithm>
#include <limits>

#include "bench/copy_bandwidth.h"
#include "bench/timer.h"

namespace cudenza::bench {

namespace {
constexpr int kCallsOnGpu = 20;  // timed together: one wait would cost as much as a small kernel
}

void report_rates(benchmark::State& state, Device device, double bytes, double flops, const std::function<void()>& work) {
  const int calls = device.is_cuda() ? kCallsOnGpu : 1;
  work();
  double best = std::numeric_limits<double>::infinity();
  for (auto _ : state) {
    const double seconds = seconds_of(device, calls, work) / calls;
    state.SetIterationTime(seconds);
    best = std::min(best, seconds);
  }
  state.counters["gb_per_s"] = bytes / best / 1e9;
  state.counters["share_of_copy"] = bytes / best / copy_bytes_per_second(device);
  if (flops > 0) state.counters["gflop_per_s"] = flops / best / 1e9;
}

void add_benchmark(const std::string& name, std::function<void(benchmark::State&)> body) {
  auto* const made = benchmark::RegisterBenchmark(name.c_str(), [body](benchmark::State& state) { body(state); })
                         ->UseManualTime()
                         ->Unit(benchmark::kMillisecond);
  if (name.find("/cuda:") != std::string::npos) made->Iterations(10);  // of many calls each
  else made->MinTime(0.2);
}

}  // namespace cudenza::bench
