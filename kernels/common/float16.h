/// bf16 and f16: two bytes in memory, float in arithmetic. Rounding is to nearest even; NaN stays NaN.
///
/// bf16 is a float's upper half (8 exponent bits, 8 significant bits); f16 is IEEE binary16 (5 and 11). The host converts
/// in integer arithmetic, which compilers vectorise for bf16; the device has instructions for it.
#pragma once
#include <bit>
#include <cstdint>
#include <type_traits>

#include "kernels/common/host_device.h"

namespace cudenza {

namespace float16_detail {

HOST_DEVICE uint32_t bits_of(float value) { return __builtin_bit_cast(uint32_t, value); }
HOST_DEVICE float float_of(uint32_t bits) { return __builtin_bit_cast(float, bits); }

HOST_DEVICE uint16_t to_bf16(float value) {
#if defined(__CUDA_ARCH__)
  uint16_t bits;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  return bits;
#else
  const uint32_t bits = bits_of(value);
  uint32_t rounded = bits + 0x7FFFu + (bits >> 16 & 1u);
  rounded = value == value ? rounded : bits | 0x400000u;  // a NaN, made quiet
  return static_cast<uint16_t>(rounded >> 16);
#endif
}

HOST_DEVICE float from_bf16(uint16_t bits) { return float_of(static_cast<uint32_t>(bits) << 16); }

HOST_DEVICE uint16_t to_f16(float value) {
#if defined(__CUDA_ARCH__)
  uint16_t half;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(half) : "f"(value));
  return half;
#else
  const uint32_t bits = bits_of(value), magnitude = bits & 0x7FFFFFFFu;
  const uint32_t sign = bits >> 16 & 0x8000u;
  if (magnitude > 0x7F800000u) return static_cast<uint16_t>(sign | 0x7E00u | (magnitude >> 13 & 0x3FFu));  // NaN
  if (magnitude >= 0x477FF000u) return static_cast<uint16_t>(sign | 0x7C00u);  // rounds to infinity: at least 65520
  if (magnitude < 0x38800000u) {  // below 2^-14: adding 0.5 lines the last place up with f16's subnormal step 2^-24
    return static_cast<uint16_t>(sign | (bits_of(float_of(magnitude) + 0.5f) - 0x3F000000u));
  }
  const uint32_t rebiased = magnitude - 0x38000000u;  // exponent bias 127 -> 15
  return static_cast<uint16_t>(sign | ((rebiased + 0xFFFu + (rebiased >> 13 & 1u)) >> 13));
#endif
}

HOST_DEVICE float from_f16(uint16_t half) {
#if defined(__CUDA_ARCH__)
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(half));
  return value;
#else
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16, magnitude = half & 0x7FFFu;
  if (magnitude >= 0x7C00u) return float_of(sign | 0x7F800000u | magnitude << 13);  // infinity or NaN
  // 2^112 moves the exponent's bias from 15 to 127; the product is exact, for subnormals too.
  return float_of(sign | bits_of(float_of(magnitude << 13) * 0x1p112f));
#endif
}

}  // namespace float16_detail

// A loop that ends in `y[i] = sum`, sum being a float, vectorises; `y[i] = bf16(sum)` does not: g++ will not vectorise the
// copy of a struct.
struct bf16 {
  uint16_t bits;

  bf16() = default;
  HOST_DEVICE explicit bf16(float value) : bits(float16_detail::to_bf16(value)) {}
  HOST_DEVICE operator float() const { return float16_detail::from_bf16(bits); }
  HOST_DEVICE bf16& operator=(float value) { return bits = float16_detail::to_bf16(value), *this; }
};

struct f16 {
  uint16_t bits;

  f16() = default;
  HOST_DEVICE explicit f16(float value) : bits(float16_detail::to_f16(value)) {}
  HOST_DEVICE operator float() const { return float16_detail::from_f16(bits); }
  HOST_DEVICE f16& operator=(float value) { return bits = float16_detail::to_f16(value), *this; }
};

/// The type that arithmetic, statistics and sums over T are done in: double for double, else float.
template <class T> using acc_t = std::conditional_t<std::is_same_v<T, double>, double, float>;

}  // namespace cudenza
