/// What all benchmarks of kernels have in common: how they are named, and the rates they report.
#pragma once
#include <benchmark/benchmark.h>

#include <functional>
#include <string>

#include "bench/memory_speed.h"

namespace cudenza::bench {

/// Times `work`, which must move so many bytes and do so many floating-point operations (0: they do not count), and reports
/// milliseconds, GB/s, the share of the device's copy bandwidth, and GFLOP/s.
///
/// On a CPU these are medians, and the speed of memory is measured anew beside each call, since it changes; the share of what
/// memory allows (share_of_memory) heeds that reading or writing alone is slower than both (bench/memory_speed.h). On a GPU they
/// are the fastest iteration's, beside the fastest copy.
void report_rates(benchmark::State& state, Device device, const Traffic& traffic, double flops,
                  const std::function<void()>& work);

/// `name` is family/variant/pass/device/type: bench/table.py reads it.
void add_benchmark(const std::string& name, Device device, std::function<void(benchmark::State&)> body);

// What op_bench.cpp's main registers beside the op cases.
void register_optimizers(Device device);
void register_augmentation(Device device);
void register_pixels(Device device);

}  // namespace cudenza::bench
