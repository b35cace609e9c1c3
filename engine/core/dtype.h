/// The element types (dtypes) of a tensor.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/core/error.h"
#include "kernels/common/float16.h"

namespace cudenza {

enum class DType : uint8_t { f32, bf16, f16, f64, i64, i32, u32, i16, u8 };

size_t size_of(DType);
std::string_view name_of(DType);

constexpr bool is_floating(DType t) { return t <= DType::f64; }

/// The dtype of statistics, losses and parameters of a computation in `t`: f64 for f64, else f32.
constexpr DType accumulator_of(DType t) { return t == DType::f64 ? DType::f64 : DType::f32; }

template <class T>
inline constexpr DType dtype_of = [] {
  static_assert(sizeof(T) == 0, "not an element type");
  return DType::u8;
}();
template <> inline constexpr DType dtype_of<float> = DType::f32;
template <> inline constexpr DType dtype_of<bf16> = DType::bf16;
template <> inline constexpr DType dtype_of<f16> = DType::f16;
template <> inline constexpr DType dtype_of<double> = DType::f64;
template <> inline constexpr DType dtype_of<int64_t> = DType::i64;
template <> inline constexpr DType dtype_of<int32_t> = DType::i32;
template <> inline constexpr DType dtype_of<uint32_t> = DType::u32;
template <> inline constexpr DType dtype_of<int16_t> = DType::i16;
template <> inline constexpr DType dtype_of<uint8_t> = DType::u8;

[[noreturn]] void throw_not_floating(std::string_view op, DType);
[[noreturn]] void throw_no_f64_on_gpu(std::string_view op);

}  // namespace cudenza

template <> struct fmt::formatter<cudenza::DType> : fmt::formatter<std::string_view> {
  auto format(cudenza::DType t, format_context& out) const { return formatter<std::string_view>::format(name_of(t), out); }
};
