/// Elementary functions for shared per-element math. The host's float versions are branch-free polynomials, so that a CPU
/// loop over them vectorises; the device uses its own; double goes to the C library on both.
#pragma once
#include <cmath>
#include <cstdint>

#include "kernels/common/extents.h"
#include "kernels/common/host_device.h"

namespace cudenza::kernels {

/// e^x, within 2 units in the last place; 0 below -103, infinity above 88.73, NaN for NaN.
HOST_DEVICE float exp_of(float x) {
#if defined(__CUDA_ARCH__)
  return expf(x);
#else
  // x = n ln2 + r with |r| <= ln2/2; e^x = 2^n e^r, e^r by its Taylor polynomial, 2^n in two halves to reach subnormals.
  const float bounded = x < -104.0f ? -104.0f : (x > 89.0f ? 89.0f : x);  // keeps NaN
  const float n = __builtin_rintf(bounded * 1.44269504f);
  const float r = (bounded - n * 0.693145752f) - n * 1.42860677e-6f;  // ln2 split so that n * high is exact
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const int32_t whole = static_cast<int32_t>(n == n ? n : 0.0f), half = whole >> 1;
  const float low = __builtin_bit_cast(float, (half + 127) << 23);
  const float high = __builtin_bit_cast(float, (whole - half + 127) << 23);
  return p * low * high;
#endif
}
HOST_DEVICE double exp_of(double x) { return exp(x); }

HOST_DEVICE float log_of(float x) { return logf(x); }
HOST_DEVICE double log_of(double x) { return log(x); }

HOST_DEVICE float sqrt_of(float x) { return sqrtf(x); }
HOST_DEVICE double sqrt_of(double x) { return sqrt(x); }

/// 1 / (1 + e^-x), without overflow on either side.
template <class A> HOST_DEVICE A sigmoid_of(A x) { return A(1) / (A(1) + exp_of(-x)); }

}  // namespace cudenza::kernels
