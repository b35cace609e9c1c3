/// f32 copies of 16-bit arrays on the CPU, for libraries that cannot compute in 16 bits there.
#pragma once
#include <cstdint>

#include "engine/core/dispatch.h"
#include "engine/core/storage.h"
#include "kernels/pointwise/pointwise.h"
#include "kernels/pointwise/pointwise_math.h"

namespace cudenza {

/// Calls f<T>() for bf16 or f16. REQUIRES one of them.
template <class F> void dispatch_narrow(DType t, F&& f) {
  if (t == DType::bf16) f.template operator()<bf16>();
  else f.template operator()<f16>();
}

/// x in f32; null stays null.
class WideInput {
 public:
  WideInput(const void* x, DType dtype, int64_t count) : copy_(x ? count * sizeof(float) : 0, Device::cpu()) {
    if (!x) return;
    dispatch_narrow(dtype, [&]<class T>() {
      kernels::map(kernels::Cpu{}, kernels::Identity{}, static_cast<const T*>(x), static_cast<float*>(copy_.data()), count);
    });
  }
  const void* data() const { return copy_.data(); }

 private:
  Storage copy_;
};

/// A buffer for f32 results; store() rounds them into y.
class WideResult {
 public:
  WideResult(void* y, DType dtype, int64_t count)
      : y_(y), dtype_(dtype), count_(count), wide_(count * sizeof(float), Device::cpu()) {}
  void* data() const { return wide_.data(); }
  void store() const {
    dispatch_narrow(dtype_, [&]<class T>() {
      kernels::map(kernels::Cpu{}, kernels::Identity{}, static_cast<const float*>(wide_.data()), static_cast<T*>(y_), count_);
    });
  }

 private:
  void* y_;
  DType dtype_;
  int64_t count_;
  Storage wide_;
};

}  // namespace cudenza
