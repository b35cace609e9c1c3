#include "bench/memory_speed.h"

#if defined(__AVX__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstring>
#include <map>

#include "bench/timer.h"
#include "engine/core/tensor.h"
#include "kernels/common/parallel.h"

namespace cudenza::bench {
namespace {

constexpr int64_t kLanes = 128;  // floats that are added side by side, so that no sum waits for its last addition

/// Streaming stores do not read the line they overwrite: on most machines the fastest copy there is.
void streaming_copy(float* to, const float* from, int64_t begin, int64_t end) {
#if defined(__AVX__)
  for (int64_t i = begin; i < end; i += 8) _mm256_stream_ps(to + i, _mm256_load_ps(from + i));
  _mm_sfence();
#else
  std::memcpy(to + begin, from + begin, static_cast<size_t>(end - begin) * sizeof(float));
#endif
}

void plain_copy(float* to, const float* from, int64_t begin, int64_t end) {
  std::memcpy(to + begin, from + begin, static_cast<size_t>(end - begin) * sizeof(float));
}

/// Not zeros: some machines write those faster than anything else.
void streaming_fill(float* to, int64_t begin, int64_t end) {
#if defined(__AVX__)
  for (int64_t i = begin; i < end; i += 8) _mm256_stream_ps(to + i, _mm256_set1_ps(0.1f));
  _mm_sfence();
#else
  std::fill(to + begin, to + end, 0.1f);
#endif
}

/// So that no compiler can leave the sum out.
volatile float sink;

void sum(const float* x, int64_t begin, int64_t end) {
  float sums[kLanes] = {};
  for (int64_t i = begin; i < end; i += kLanes) {
#pragma omp simd
    for (int64_t k = 0; k < kLanes; ++k) sums[k] += x[i + k];
  }
  float total = 0;
  for (const float one : sums) total += one;
  sink = total;
}

/// Two arrays of the CPU's, and the ways to go through them.
class Arrays {
 public:
  explicit Arrays(int64_t floats)
      : from_(Tensor::full({floats}, 0.5, DType::f32)), to_(Tensor::full({floats}, 0.5, DType::f32)), floats_(floats) {}

  double bytes() const { return static_cast<double>(from_.bytes()); }
  double copy(bool streaming) const {
    return seconds([x = from_.data<float>(), y = to_.data<float>(), streaming](int64_t begin, int64_t end) {
      streaming ? streaming_copy(y, x, begin, end) : plain_copy(y, x, begin, end);
    });
  }
  double read() const {
    return seconds([x = from_.data<float>()](int64_t begin, int64_t end) { sum(x, begin, end); });
  }
  double write() const {
    return seconds([y = to_.data<float>()](int64_t begin, int64_t end) { streaming_fill(y, begin, end); });
  }

 private:
  template <class Range> double seconds(Range range) const {
    return seconds_of(Device::cpu(), 1, [&] { kernels::parallel_ranges(floats_, 1, range, kLanes); });
  }

  Tensor from_, to_;
  int64_t floats_;
};

/// The fastest of nine, by either kind of store.
struct CpuCopy {
  double bytes_per_second = 0;
  bool streaming = false;

  CpuCopy() {
    const Arrays arrays(int64_t{64} << 20);
    for (int i = 0; i < 9; ++i) {
      for (const bool streams : {false, true}) {
        const double rate = 2 * arrays.bytes() / arrays.copy(streams);
        if (rate > bytes_per_second) bytes_per_second = rate, streaming = streams;
      }
    }
  }
};

const CpuCopy& cpu_copy() {
  static const CpuCopy measured;
  return measured;
}

double gpu_copy(Device device) {
  const Tensor from = Tensor::zeros({int64_t{64} << 20}, DType::f32, device),
               to = Tensor::zeros(from.shape(), DType::f32, device);
  return 2.0 * static_cast<double>(from.bytes()) / best_seconds(device, 20, [&] { to.copy_from(from); });
}

}  // namespace

double MemorySpeed::seconds(const Traffic& traffic) const {
  return std::max({traffic.both() / copy, traffic.read / read, traffic.written / write});
}

MemorySpeed cpu_memory_speed() {
  static const Arrays arrays(int64_t{16} << 20);
  const double bytes = arrays.bytes();
  return {.copy = 2 * bytes / arrays.copy(cpu_copy().streaming), .read = bytes / arrays.read(), .write = bytes / arrays.write()};
}

double copy_bytes_per_second(Device device) {
  if (device.is_cpu()) return cpu_copy().bytes_per_second;
  static std::map<std::string, double> measured;
  const auto [entry, is_new] = measured.try_emplace(device.name());
  if (is_new) entry->second = gpu_copy(device);
  return entry->second;
}

}  // namespace cudenza::bench
