/// Normally distributed numbers from random words (Box, Muller, 1958), by polynomials that vectorise on the CPU and are the
/// same on both devices.
#pragma once
#include "kernels/common/math.h"

namespace cudenza::kernels {

struct NormalPair {
  float first, second;
};

/// The cosine and the sine of an angle that is uniform in (0, 2 pi), to 1e-7: 23 bits for a quarter turn, two for the signs.
HOST_DEVICE NormalPair direction_of(uint32_t word) {
  // The angle is pi/4 + t with |t| <= pi/4: cos and sin of it are (cos t -+ sin t) / sqrt(2). In s = 2 t / pi.
  const float s = __builtin_bit_cast(float, (word & 0x007FFFFFu) | 0x3F800000u) - 1.5f;
  const float q = s * s;
  const float cosine = fused(q, fused(q, fused(q, -0.0144308845f, 0.179321321f), -0.872355525f), 0.707106762f);
  const float sine_over_s = fused(q, fused(q, fused(q, -0.00324723875f, 0.0563393713f), -0.456764774f), 1.11072072f);
  const float x = fused(-s, sine_over_s, cosine), y = fused(s, sine_over_s, cosine);
  return {__builtin_bit_cast(float, __builtin_bit_cast(uint32_t, x) ^ (word & 0x80000000u)),
          __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, y) ^ (word << 1 & 0x80000000u))};
}

/// Square root for sums of squares: on the device to one unit in the last place, which costs a fifth of the exact one.
HOST_DEVICE float near_sqrt(float x) {
#if defined(__CUDA_ARCH__)
  float root;
  asm("sqrt.approx.ftz.f32 %0, %1;" : "=f"(root) : "f"(x));
  return root;
#else
  return sqrtf(x);
#endif
}

/// The square of their distance from zero, -2 ln u, from 23 bits u in (0, 1].
HOST_DEVICE float radius_squared_of(uint32_t word) {
  const float u = 2.0f - __builtin_bit_cast(float, (word & 0x007FFFFFu) | 0x3F800000u);
  return -2.0f * same_log(u);
}

/// Two independent N(0, 1) numbers, at most 5.65.
HOST_DEVICE NormalPair normal_pair(uint32_t radius_word, uint32_t angle_word) {
  const float radius = near_sqrt(radius_squared_of(radius_word));
  const NormalPair direction = direction_of(angle_word);
  return {radius * direction.first, radius * direction.second};
}

}  // namespace cudenza::kernels
