/// The terms of a sum, and what "largest" means.
#pragma once
#include <cstdint>

#include "kernels/common/float16.h"
#include "kernels/common/host_device.h"

namespace cudenza::kernels {

struct Value {
  static constexpr bool kOfTwo = false;
  template <class A> HOST_DEVICE A operator()(A x, A) const { return x; }
};

struct Square {
  static constexpr bool kOfTwo = false;
  template <class A> HOST_DEVICE A operator()(A x, A) const { return x * x; }
};

struct Product {
  static constexpr bool kOfTwo = true;  ///< of the elements of two arrays
  template <class A> HOST_DEVICE A operator()(A x, A z) const { return x * z; }
};

/// The larger of two values; a NaN before any number, and of two equals the first.
template <class A> HOST_DEVICE A larger_or_nan(A a, A b) { return b > a || b != b ? b : a; }

/// One number that orders (value, index) pairs by value, then the smaller index first: so the position of a maximum is found
/// by a maximum. Both zeros are equal, all NaNs are equal and largest; a key is never 0.
HOST_DEVICE uint64_t order_key(float value, int64_t index) {
  const uint32_t bits = __builtin_bit_cast(uint32_t, value == 0.0f ? 0.0f : value);
  const uint32_t ordered = bits >> 31 ? ~bits : bits | 0x80000000u;  // a float's bits count upwards from 0, downwards below
  return static_cast<uint64_t>(value != value ? 0xFFFFFFFFu : ordered) << 32 | static_cast<uint32_t>(~index);
}

HOST_DEVICE int64_t index_of_key(uint64_t key) { return static_cast<uint32_t>(~key); }

HOST_DEVICE float value_of_key(uint64_t key) {
  const uint32_t ordered = static_cast<uint32_t>(key >> 32);
  return __builtin_bit_cast(float, ordered >> 31 ? ordered & 0x7FFFFFFFu : ~ordered);
}

}  // namespace cudenza::kernels
