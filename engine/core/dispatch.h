/// From run-time device and element type to the function that is compiled for them.
///
///   `on_place(x.device(), [&](auto where) { kernels::transpose(where, x.data<uint8_t>(), y.data<uint8_t>(), shape); });`
///   `dispatch_floating("relu", x.dtype(), [&]<class T>() { … });`
///   `dispatch_kernel("relu", x.device(), x.dtype(), [&]<class T>(auto where) { kernels::map(where, …); });`  both at once
#pragma once
#include "engine/core/device.h"
#include "engine/core/dtype.h"
#include "engine/core/gpu.h"
#include "engine/core/reference_kernels.h"
#include "kernels/common/backend.h"

namespace cudenza {

/// Calls f(Cpu{}) or f(Gpu{the device's stream}). The one place where a build without CUDA differs.
template <class F> void on_device([[maybe_unused]] Device device, F&& f) {
#if defined(CUDENZA_GPU)
  if (device.is_cuda()) return f(kernels::Gpu{gpu::stream(device.index())});
#endif
  f(kernels::Cpu{});
}

/// The same for functions that have a reference: on the CPU f(Reference{}) while a ReferenceKernels lives.
template <class F> void on_place(Device device, F&& f) {
  if (device.is_cpu() && ReferenceKernels::active()) f(kernels::Reference{});
  else on_device(device, f);
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

/// Calls f<float>() for f32, else f<bf16>(): where no other type comes.
template <class F> void dispatch_f32_or_bf16(DType t, F&& f) {
  if (t == DType::f32) f.template operator()<float>();
  else f.template operator()<bf16>();
}

/// Calls f<T>(where) for a floating type on its device: f32, bf16 and f16 as on_place() does; f64, which is there to judge the
/// others, is served by the reference alone.
template <class F> void dispatch_kernel(std::string_view op, Device device, DType t, F&& f) {
  dispatch_floating(op, t, [&]<class T>() {
    if constexpr (!std::is_same_v<T, double>) on_place(device, [&](auto where) { f.template operator()<T>(where); });
    else if (device.is_cpu()) f.template operator()<T>(kernels::Reference{});
    else throw_no_f64_on_gpu(op);
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
