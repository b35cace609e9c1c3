#include "bench/copy_bandwidth.h"

#if defined(__AVX__)
#include <immintrin.h>
#endif

#include <cstring>
#include <map>

#include "bench/timer.h"
#include "engine/core/tensor.h"
#include "kernels/common/parallel.h"

namespace cudenza::bench {
namespace {

constexpr int64_t kFloats = int64_t{64} << 20;

/// Streaming stores do not read the line they overwrite: on most machines the fastest copy there is.
void streaming_copy(float* to, const float* from, int64_t begin, int64_t end) {
#if defined(__AVX__)
  for (int64_t i = begin; i < end; i += 8) _mm256_stream_ps(to + i, _mm256_load_ps(from + i));
  _mm_sfence();
#else
  std::memcpy(to + begin, from + begin, static_cast<size_t>(end - begin) * sizeof(float));
#endif
}

/// So that no compiler can leave the sum out.
volatile float sink;

float sum_of(const float* x, int64_t begin, int64_t end) {
  constexpr int64_t kLanes = 128;  // sums side by side, so that none waits for its last addition
  float sums[kLanes] = {};
  for (int64_t i = begin; i < end; i += kLanes) {
#pragma omp simd
    for (int64_t k = 0; k < kLanes; ++k) sums[k] += x[i + k];
  }
  float total = 0;
  for (const float sum : sums) total += sum;
  return total;
}

void streaming_fill(float* to, int64_t begin, int64_t end) {
#if defined(__AVX__)
  for (int64_t i = begin; i < end; i += 8) _mm256_stream_ps(to + i, _mm256_setzero_ps());
  _mm_sfence();
#else
  std::memset(to + begin, 0, static_cast<size_t>(end - begin) * sizeof(float));
#endif
}

double measure(Device device) {
  const Tensor from = Tensor::zeros({kFloats}, DType::f32, device), to = Tensor::zeros({kFloats}, DType::f32, device);
  const double bytes = 2.0 * static_cast<double>(from.bytes());
  if (device.is_cuda()) return bytes / best_seconds(device, 20, [&] { to.copy_from(from); });
  float *x = from.data<float>(), *y = to.data<float>();
  const double plain = best_seconds(device, 9, [&] {
    kernels::parallel_ranges(
        kFloats, 1,
        [=](int64_t begin, int64_t end) { std::memcpy(y + begin, x + begin, static_cast<size_t>(end - begin) * sizeof(float)); },
        16);
  });
  const double streaming = best_seconds(device, 9, [&] {
    kernels::parallel_ranges(
        kFloats, 1, [=](int64_t begin, int64_t end) { streaming_copy(y, x, begin, end); }, 16);
  });
  return bytes / std::min(plain, streaming);
}

}  // namespace

OneWayBandwidth one_way_bandwidth() {
  const Tensor t = Tensor::zeros({kFloats}, DType::f32);
  float* const x = t.data<float>();
  const auto seconds = [&](auto&& of_range) {
    return best_seconds(Device::cpu(), 9, [&] { kernels::parallel_ranges(kFloats, 1, of_range, 128); });
  };
  const double bytes = static_cast<double>(t.bytes());
  return {bytes / seconds([=](int64_t begin, int64_t end) { sink = sum_of(x, begin, end); }),
          bytes / seconds([=](int64_t begin, int64_t end) { streaming_fill(x, begin, end); })};
}

double copy_bytes_per_second(Device device) {
  static std::map<std::string, double> measured;
  const auto [entry, is_new] = measured.try_emplace(device.name());
  if (is_new) entry->second = measure(device);
  return entry->second;
}

}  // namespace cudenza::bench
