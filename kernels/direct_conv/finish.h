/// What the sums of a block become before they are stored.
#pragma once
#include <algorithm>
#include <cstring>

#include "kernels/common/conv_epilogue.h"
#include "kernels/direct_conv/product.h"
#include "kernels/simd/rounding.h"

namespace cudenza::kernels::direct_conv {

template <class T> using EpilogueOf = std::conditional_t<std::is_same_v<T, uint8_t>, Int8Epilogue, ConvEpilogue<T>>;

/// Two registers: the filters of a panel.
template <class Number> struct Pair { Simd<Number> first, second; };

template <class T> constexpr bool kSumsAreFloats = std::is_same_v<typename Product<T>::Sum, float>;

/// A panel's share of what is the same for all pixels.
template <class T> struct Constants;

template <class T>
requires kSumsAreFloats<T>
struct Constants<T> {
  Pair<float> bias{};

  explicit Constants(const ConvEpilogue<T>& e) {
    if (e.bias) bias = {simd_load(e.bias), simd_load(e.bias + kSimd<float>)};
  }
  /// `residual`: of this pixel, or null.
  Pair<float> finished(const Simd<float> (&sum)[2], const ConvEpilogue<T>& e, const T* residual) const {
    Pair<float> v{sum[0] + bias.first, sum[1] + bias.second};
    if (residual) v.first += simd_load(residual), v.second += simd_load(residual + kSimd<float>);
    if (e.relu) v = {simd_max<float>(v.first, Simd<float>{}), simd_max<float>(v.second, Simd<float>{})};
    return v;
  }
};

template <> struct Constants<uint8_t> {
  Pair<float> scale, bias;

  explicit Constants(const Int8Epilogue& e)
      : scale{simd_load(e.scale), simd_load(e.scale + kSimd<float>)}, bias{simd_load(e.bias), simd_load(e.bias + kSimd<float>)} {}
  Pair<float> finished(const Simd<int32_t> (&sum)[2], const Int8Epilogue& e, const uint8_t* residual) const {
    Pair<float> v{simd_fma(__builtin_convertvector(sum[0], Simd<float>), scale.first, bias.first),
                  simd_fma(__builtin_convertvector(sum[1], Simd<float>), scale.second, bias.second)};
    if (residual) {
      const auto added = [&](const uint8_t* r, Simd<float> to) {
        return simd_fma(__builtin_convertvector(simd_widened<float>(r), Simd<float>), simd_all(e.residual_scale), to);
      };
      v = {added(residual, v.first), added(residual + kSimd<float>, v.second)};
    }
    if (e.relu) v = {simd_max<float>(v.first, Simd<float>{}), simd_max<float>(v.second, Simd<float>{})};
    return v;
  }
};

template <class Y> inline void store(Y* y, const Pair<float>& v) {
  if constexpr (std::is_same_v<Y, uint8_t>) simd_store_bytes(y, v.first), simd_store_bytes(y + kSimd<float>, v.second);
  else simd_store2(y, v.first, v.second);
}

/// Two pixels at once: their bytes share the packing.
template <class Y> inline void store(Y* y, Y* next, const Pair<float>& v, const Pair<float>& w) {
#if defined(__AVX512BW__)
  if constexpr (std::is_same_v<Y, uint8_t>) return simd_store_bytes4(y, next, v.first, v.second, w.first, w.second);
#endif
  store(y, v), store(next, w);
}

}  // namespace cudenza::kernels::direct_conv
