/// What the log-mel spectrogram does to one sample or one band, shared by the CPU loops and the kernels.
#pragma once
#include <cmath>
#include <cstdint>

#include "kernels/common/extents.h"
#include "kernels/common/host_device.h"
#include "kernels/mel/mel.h"

namespace cudenza::kernels {

/// Where sample i of a clip that is mirrored at both ends lies. REQUIRES -samples < i < 2 samples - 1.
HOST_DEVICE int64_t reflected(int64_t i, int64_t samples) {
  if (i < 0) return -i;
  return i < samples ? i : 2 * samples - 2 - i;
}

/// The map of clip `clip`'s samples: its own, or that of their type.
template <class X, class T> HOST_DEVICE Affine<T> wave_map(const Affine<T>* wave, int64_t clip) {
  if (wave) return wave[clip];
  return {sizeof(X) == 2 ? T(1.0 / 32768) : T(1), T(0)};
}

/// 1 / the unbiased standard deviation, and the shift that takes the mean to 0.
template <class T> HOST_DEVICE Affine<T> standardising(double mean, double squares, int64_t samples) {
  const double variance = squares / static_cast<double>(larger<int64_t>(samples - 1, 1));
  if (!(variance > 1e-12 * mean * mean)) return {T(0), T(0)};  // constant: what the variance shows is rounding
  const double scale = 1 / sqrt(variance);
  return {static_cast<T>(scale), static_cast<T>(-mean * scale)};
}

/// 10 log10(max(p, floor)), within 2 units in the last place; on a GPU, by its instruction for base 2, also within 1e-6 dB
/// around 0. The host's float version has no branches, so that loops over it vectorise: p = m 2^e with m in
/// [sqrt(1/2), sqrt(2)), ln m by Cephes' polynomial. REQUIRES floor to be no denormal.
HOST_DEVICE float decibels(float p, float floor) {
  const float x = p > floor ? p : floor;
#if defined(__CUDA_ARCH__)
  return 3.01029995664f * __log2f(x);
#else
  const int32_t bits = __builtin_bit_cast(int32_t, x) - 0x3F3504F3;  // counted from sqrt(1/2)
  const float e = static_cast<float>(bits >> 23);
  const float z = __builtin_bit_cast(float, (bits & 0x007FFFFF) + 0x3F3504F3) - 1.0f;
  float poly = 7.0376836292e-2f;
  poly = poly * z - 1.1514610310e-1f;
  poly = poly * z + 1.1676998740e-1f;
  poly = poly * z - 1.2420140846e-1f;
  poly = poly * z + 1.4249322787e-1f;
  poly = poly * z - 1.6668057665e-1f;
  poly = poly * z + 2.0000714765e-1f;
  poly = poly * z - 2.4999993993e-1f;
  poly = poly * z + 3.3333331174e-1f;
  const float square = z * z;
  const float ln_m = z + square * (z * poly - 0.5f);
  return e * 3.01029995664f + ln_m * 4.34294481903f;
#endif
}
HOST_DEVICE double decibels(double p, double floor) { return 10 * log10(p > floor ? p : floor); }

}  // namespace cudenza::kernels
