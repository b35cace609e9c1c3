/// Elementary functions for shared per-element math. The host's float versions are branch-free polynomials, so that a CPU
/// loop over them vectorises; the device uses its own; double goes to the C library on both.
#pragma once
#include <cmath>
#include <cstdint>

#include "kernels/common/extents.h"
#include "kernels/common/host_device.h"

namespace cudenza::kernels {

/// e^x, within 2 units in the last place; 0 below -103, infinity above 88.73, NaN for NaN.
[[gnu::always_inline]] HOST_DEVICE float exp_of(float x) {
#if defined(__CUDA_ARCH__)
  return expf(x);
#else
  // x = n ln2 + r with |r| <= ln2/2; e^x = 2^n e^r, e^r by a minimax polynomial, 2^n in two halves to reach subnormals. Bounds
  // are taken of the bits, where a comparison is one instruction: negative numbers' grow with their size. They lose NaN.
  const uint32_t above = smaller(__builtin_bit_cast(uint32_t, x), 0xC2D00000u);                                // -104
  const float bounded = __builtin_bit_cast(float, smaller(static_cast<int32_t>(above), int32_t{0x42B20000}));  // 89
  const float shifted = bounded * 1.44269504f + 0x1.8p23f;  // n in its lowest bits
  const float n = shifted - 0x1.8p23f;
  const float r = (bounded - n * 0.693145752f) - n * 1.42860677e-6f;  // ln2 split so that n * high is exact
  const float q = r * r, low = 0.16666520f * r + 0.49999994f, middle = 0.0083687808f * r + 0.041668393f;
  const float p = 1.0f + (q * (q * (q * 0.0013814465f + middle) + low) + r);
  const int32_t whole = static_cast<int32_t>(__builtin_bit_cast(uint32_t, shifted) << 23), half = whole >> 24 << 23;
  const float halfway = __builtin_bit_cast(float, __builtin_bit_cast(int32_t, p) + half);
  const float y = halfway * __builtin_bit_cast(float, whole - half + 0x3F800000);
  return x == x ? y : x;
#endif
}
HOST_DEVICE double exp_of(double x) { return exp(x); }

HOST_DEVICE float sqrt_of(float x) { return sqrtf(x); }
HOST_DEVICE double sqrt_of(double x) { return sqrt(x); }

/// 1 / (1 + e^-x), without overflow on either side.
template <class A> HOST_DEVICE A sigmoid_of(A x) { return A(1) / (A(1) + exp_of(-x)); }

// The rest gives the same bits on both devices: every product that meets a sum is an explicit fma, so that no compiler rounds
// otherwise than another; no branches, so that a CPU loop vectorises.

/// a b + c, rounded once.
HOST_DEVICE float fused(float a, float b, float c) { return fmaf(a, b, c); }

/// ln x for positive normal x, within 2 units in the last place: x = m 2^e with m in [sqrt(1/2), sqrt(2)), ln m by Cephes'
/// polynomial.
[[gnu::always_inline]] HOST_DEVICE float same_log(float x) {
  const int32_t bits = __builtin_bit_cast(int32_t, x) - 0x3F3504F3;  // counted from sqrt(1/2)
  const float z = __builtin_bit_cast(float, (bits & 0x007FFFFF) + 0x3F3504F3) - 1.0f;
  float p = 7.0376836292e-2f;
  p = fused(p, z, -1.1514610310e-1f);
  p = fused(p, z, 1.1676998740e-1f);
  p = fused(p, z, -1.2420140846e-1f);
  p = fused(p, z, 1.4249322787e-1f);
  p = fused(p, z, -1.6668057665e-1f);
  p = fused(p, z, 2.0000714765e-1f);
  p = fused(p, z, -2.4999993993e-1f);
  p = fused(p, z, 3.3333331174e-1f);
  const float ln_m = fused(z * z, fused(z, p, -0.5f), z);
  return fused(static_cast<float>(bits >> 23), 0.693147180559945f, ln_m);
}

/// e^x for x up to 88, within 2 units in the last place; below -87 it stays what it is there, 1.6e-38.
HOST_DEVICE float same_exp(float x) {
  const float bounded = x < -87.0f ? -87.0f : x;
  const float n = rintf(bounded * 1.44269504f);
  const float r = fused(n, -1.42860677e-6f, fused(n, -0.693145752f, bounded));  // ln2 in two parts
  float p = 1.0f / 5040;
  p = fused(p, r, 1.0f / 720);
  p = fused(p, r, 1.0f / 120);
  p = fused(p, r, 1.0f / 24);
  p = fused(p, r, 1.0f / 6);
  p = fused(p, r, 0.5f);
  p = fused(p, r, 1.0f);
  p = fused(p, r, 1.0f);
  return p * __builtin_bit_cast(float, (static_cast<int32_t>(n) + 127) << 23);
}

/// ln x, within 2 units in the last place.
[[gnu::always_inline]] HOST_DEVICE float log_of(float x) {
#if defined(__CUDA_ARCH__)
  return logf(x);
#else
  const bool is_small = x < 0x1p-126f;  // zero, subnormal or negative
  const float y = same_log(is_small ? x * 0x1p23f : x) - (is_small ? 15.9423851f : 0.0f);
  const float outside = x == 0 ? -INFINITY : (x < 0 ? NAN : x);  // of the numbers that have a logarithm
  return x > 0 && x < INFINITY ? y : outside;
#endif
}
HOST_DEVICE double log_of(double x) { return log(x); }

/// ln(1 + x), within 4 units in the last place: what rounding takes from u = 1 + x is put back by x - (u - 1) (Kahan).
HOST_DEVICE float log1p_of(float x) {
  const float u = 1.0f + x, lost = x - (u - 1.0f);
  const float y = log_of(u) + lost / u;
  return x < INFINITY && x > -1.0f ? y : log_of(u);
}
HOST_DEVICE double log1p_of(double x) { return log1p(x); }

}  // namespace cudenza::kernels
