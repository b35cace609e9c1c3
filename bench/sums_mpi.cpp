/// How fast Ranks::sum() is: what data-parallel training waits for after each step.
///
///   mpirun -n 4 build/bin/cudenza_sums [--device cpu|cuda] [--json]
///
/// Bus bandwidth is nccl-tests' (all_reduce_perf): bytes · 2 (n - 1) / n / seconds, the rate at which each rank's link would have
/// to send if nobody sent more than must be. Seconds are the median of some rounds, of as many sums as take a tenth of one.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string_view>

#include "engine/core/gpu.h"
#include "engine/parallel/join.h"

namespace cudenza::bench {
namespace {

constexpr int64_t kLeast = 1 << 10, kMost = int64_t{256} << 20;  // bytes
constexpr int kRounds = 5;
constexpr double kSecondsOfRound = 0.1;

double seconds_of(Ranks& ranks, const Tensor& t, int64_t sums) {
  const auto wait = [&] {
    if (t.device().is_cuda()) gpu::synchronize(t.device().index());
  };
  wait();
  ranks.barrier();
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < sums; ++i) ranks.sum(t);
  wait();
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  return passed.count() / static_cast<double>(sums);
}

double median_of_rounds(Ranks& ranks, const Tensor& t) {
  seconds_of(ranks, t, 1);  // makes connections
  const double one = ranks.of_first(seconds_of(ranks, t, 2));
  const int64_t sums = std::clamp<int64_t>(static_cast<int64_t>(kSecondsOfRound / one), 1, 1000);
  std::vector<double> rounds;
  for (int i = 0; i < kRounds; ++i) rounds.push_back(seconds_of(ranks, t, sums));
  std::ranges::sort(rounds);
  return rounds[kRounds / 2];
}

void measure(Ranks& ranks, Device device, bool json) {
  const double share = 2.0 * (ranks.size() - 1) / ranks.size();
  if (ranks.is_first() && !json)
    fmt::print("{:>12} {:>12} {:>10}   {} ranks on {}\n", "bytes", "us", "bus GB/s", ranks.size(), device);
  for (int64_t bytes = kLeast; bytes <= kMost; bytes *= 4) {
    const Tensor t = Tensor::zeros({bytes / int64_t{sizeof(float)}}, DType::f32, device);
    const double seconds = median_of_rounds(ranks, t), rate = static_cast<double>(bytes) * share / seconds * 1e-9;
    if (!ranks.is_first()) continue;
    const char* const comma = bytes == kLeast ? "[" : ",\n ";
    if (json)
      fmt::print("{}{{\"ranks\": {}, \"device\": \"{}\", \"bytes\": {}, \"seconds_median\": {:.4g}, \"bus_gb_per_s\": {:.4g}}}",
                 comma, ranks.size(), device, bytes, seconds, rate);
    else fmt::print("{:>12} {:>12.1f} {:>10.3f}\n", bytes, 1e6 * seconds, rate);
    std::fflush(stdout);
  }
  if (ranks.is_first() && json) fmt::print("]\n");
}

int run(int count, char** words) {
  std::string_view device = "cpu";
  bool json = false;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--json") json = true;
    else if (word == "--device" && i + 1 < count) device = words[++i];
    else require(false, "cudenza_sums knows --device cpu or cuda, and --json; not {}", word);
  }
  const auto ranks = join(launch_of_environment());
  require(!ranks->is_alone(), "cudenza_sums measures what several processes do: mpirun -n 2 cudenza_sums");
  measure(*ranks, device == "cpu" ? Device::cpu() : Device::cuda(ranks->local_rank()), json);
  ranks->leave(0);
  return 0;
}

}  // namespace
}  // namespace cudenza::bench

int main(int count, char** words) try { return cudenza::bench::run(count, words); } catch (const std::exception& e) {
  fmt::print(stderr, "{}\n", e.what());
  return 2;
}
