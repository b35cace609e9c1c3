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

double copy_bytes_per_second(Device device) {
  static std::map<std::string, double> measured;
  const auto [entry, is_new] = measured.try_emplace(device.name());
  if (is_new) entry->second = measure(device);
  return entry->second;
}

}  // namespace cudenza::bench
