/// What all benchmarks of kernels have in common: how they are named, and the rates they report.
#pragma once
#include <benchmark/benchmark.h>

#include <functional>
#include <string>

#include "engine/core/device.h"

namespace cudenza::bench {

/// Times `work`, which must move so many bytes and do so many floating-point operations (0: they do not count), and reports GB/s,
/// the share of the device's copy bandwidth, and GFLOP/s. The rates are those of the fastest iteration, since the yardstick
/// beside them is that of the fastest copy.
void report_rates(benchmark::State& state, Device device, double bytes, double flops, const std::function<void()>& work);

/// `name` is family/variant/pass/device/type: bench/table.py reads it.
void add_benchmark(const std::string& name, Device device, std::function<void(benchmark::State&)> body);

// What op_bench.cpp's main registers beside the op cases.
void register_optimizers(Device device);
void register_augmentation(Device device);

}  // namespace cudenza::bench
