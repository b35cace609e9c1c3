#include "engine/libraries/int8_conv.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/libraries/packed/direct_shape.h"
#include "kernels/simd/amx.h"

namespace cudenza {
namespace {

constexpr float kMostWeight = 127;

int64_t terms_of(const ConvShape& s) { return s.kernel_h * s.kernel_w * s.in_channels; }

size_t filter_bytes(const ConvShape& s) {
  return static_cast<size_t>(kernels::direct_conv_filter_bytes<uint8_t>(direct_shape(s)));
}

/// Calls f with y in its type.
template <class F> void with_result(const Int8Conv::Epilogue& e, void* y, F&& f) {
  if (e.y) return f(static_cast<uint8_t*>(y));
  if (e.y_type == DType::bf16) return f(static_cast<bf16*>(y));
  require(e.y_type == DType::f32, "int8 convolution: y is {}, but must be quantized, f32 or bf16", e.y_type);
  f(static_cast<float*>(y));
}

}  // namespace

void quantize_filters(const float* w, int64_t filters, int64_t terms, int8_t* bytes, float* scale) {
  for (int64_t k = 0; k < filters; ++k, w += terms, bytes += terms) {
    float most = 0;
    for (int64_t i = 0; i < terms; ++i) most = std::max(most, std::fabs(w[i]));
    scale[k] = most / kMostWeight;
    for (int64_t i = 0; i < terms; ++i) bytes[i] = static_cast<int8_t>(scale[k] > 0 ? std::nearbyint(w[i] / scale[k]) : 0);
  }
}

bool Int8Conv::fits(const ConvShape& s) { return terms_of(s) <= kernels::kMostInt8Terms; }

const char* Int8Conv::instructions() {
  if (kernels::amx_is_allowed()) return "AMX";
#if defined(__AVX512VNNI__)
  return "AVX512-VNNI";
#elif defined(__AVXVNNI__) && !defined(__AVX512F__)
  return "AVX-VNNI";
#elif defined(__AVX2__) && !defined(__AVX512F__)
  return "AVX2";
#else
  return "plain vectors";
#endif
}

Int8Conv::Int8Conv(const ConvShape& s, const int8_t* w, const float* scale, const float* bias)
    : w_{s.out_channels, s.kernel_h, s.kernel_w, s.in_channels},
      filters_(filter_bytes(s), Device::cpu()),
      numbers_(static_cast<size_t>(2 * s.out_channels) * sizeof(float), Device::cpu()) {
  require(fits(s), "int8 convolution: {} numbers are summed, but at most {} fit into 32 bits", terms_of(s),
          kernels::kMostInt8Terms);
  float* const numbers = static_cast<float*>(numbers_.data());
  std::copy_n(scale, s.out_channels, numbers);
  std::copy_n(bias, s.out_channels, numbers + s.out_channels);
  kernels::direct_conv_pack<uint8_t>({}, direct_shape(s), w, filters_.data());
}

void Int8Conv::forward(const ConvShape& s, const uint8_t* x, void* y, const Epilogue& e) const {
  require(e.x.zero == 0 && (!e.relu || e.y.zero == 0), "int8 convolution: the zeros of x and of a ReLU's y are {} and {}, not 0",
          e.x.zero, e.y.zero);
  const kernels::DirectConvShape shape = direct_shape(s);
  const auto filters = static_cast<size_t>(s.out_channels);
  const Storage numbers(2 * filters * sizeof(float), Device::cpu());
  const Storage scratch(static_cast<size_t>(kernels::direct_conv_scratch_bytes<uint8_t>(shape)), Device::cpu());
  // In units of y's bytes; the zeros of y and of the residual are part of the bias.
  const float unit = e.y ? 1 / e.y.scale : 1, residual_scale = e.residual ? e.residual_is.scale * unit : 0;
  const float zero = static_cast<float>(e.y.zero) - static_cast<float>(e.residual_is.zero) * residual_scale;
  const float* const own = static_cast<const float*>(numbers_.data());
  float* const scale = static_cast<float*>(numbers.data());
  for (size_t k = 0; k < filters; ++k) {
    scale[k] = own[k] * e.x.scale * unit;
    scale[filters + k] = own[filters + k] * unit + zero;
  }
  const kernels::Int8Epilogue epilogue{
      .scale = scale, .bias = scale + filters, .residual = e.residual, .residual_scale = residual_scale, .relu = e.relu && !e.y};
  with_result(e, y, [&](auto* to) {
    kernels::direct_convolve({}, shape, x, static_cast<const void*>(filters_.data()), to, epilogue, scratch.data());
  });
}

}  // namespace cudenza
