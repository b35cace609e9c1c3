/// Wall time of work on a device.
#pragma once
#include <algorithm>
#include <chrono>
#include <vector>

#include "engine/core/device.h"
#include "engine/core/gpu.h"

namespace cudenza::bench {

/// Seconds that `calls` calls of f take together, from an idle device to an idle device.
template <class F> double seconds_of(Device device, int calls, F&& f) {
  const auto wait = [&] {
    if (device.is_cuda()) gpu::synchronize(device.index());
  };
  wait();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) f();
  wait();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The fastest of `tries` single calls.
template <class F> double best_seconds(Device device, int tries, F&& f) {
  double best = seconds_of(device, 1, f);
  for (int i = 1; i < tries; ++i) best = std::min(best, seconds_of(device, 1, f));
  return best;
}

/// REQUIRES at least one.
inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace cudenza::bench
