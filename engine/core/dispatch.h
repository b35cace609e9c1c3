/// From run-time device and element type to the function that is compiled for them.
///
///   `on_device(x.device(), [&](auto where) { kernels::relu_forward(where, x.data<T>(), y.data<T>(), n); });`
///   `dispatch_floating("relu", x.dtype(), [&]<class T>() { … });`
#pragma once
#include "engine/core/device.h"
#include "engine/core/dtype.h"
#include "engine/core/gpu.h"
#include "kernels/common/backend.h"

namespace cudenza {

/// Calls f(Cpu{}) or f(Gpu{the device's stream}). The one place where a build without CUDA differs.
template <class F> void on_device([[maybe_unused]] Device device, F&& f) {
#if defined(CUDENZA_GPU)
  if (device.is_cuda()) return f(kernels::Gpu{gpu::stream(device.index())});
#endif
  f(kernels::Cpu{});
}

/// Calls f<T>() for a floating type: f32, bf16, f16 or f64.
template <class F> void dispatch_floating(std::string_view op, DType t, F&& f) {
  switch (t) {
    case DType::f32: return f.template operator()<float>();
    case DType::bf16: return f.template operator()<bf16>();
    case DType::f16: return f.template operator()<f16>();
    case DType::f64: return f.template operator()<double>();
    default: throw_not_floating(op, t);
  }
}

/// Calls f<T>(where) for a floating type on its device: on the GPU f32, bf16 and f16; on the CPU also f64.
template <class F> void dispatch_kernel(std::string_view op, Device device, DType t, F&& f) {
  dispatch_floating(op, t, [&]<class T>() {
    on_device(device, [&](auto where) {
      if constexpr (std::is_same_v<T, double> && std::is_same_v<decltype(where), kernels::Gpu>) throw_no_f64_on_gpu(op);
      else f.template operator()<T>(where);
    });
  });
}

/// Calls f<T>() for any element type.
template <class F> void dispatch_any(std::string_view op, DType t, F&& f) {
  switch (t) {
    case DType::i64: return f.template operator()<int64_t>();
    case DType::i32: return f.template operator()<int32_t>();
    case DType::u32: return f.template operator()<uint32_t>();
    case DType::i16: return f.template operator()<int16_t>();
    case DType::u8: return f.template operator()<uint8_t>();
    default: return dispatch_floating(op, t, std::forward<F>(f));
  }
}

}  // namespace cudenza
