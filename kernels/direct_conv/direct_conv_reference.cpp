#include <algorithm>
#include <cmath>

#include "kernels/direct_conv/direct_conv.h"

namespace cudenza::kernels {
namespace {

int32_t sum_of(const DirectConvShape& s, const uint8_t* picture, const int8_t* filter, int64_t i, int64_t j) {
  int32_t sum = 0;
  for (int64_t r = 0; r < s.kernel_h; ++r) {
    for (int64_t q = 0; q < s.kernel_w; ++q) {
      const int64_t row = i * s.stride - s.pad + r, column = j * s.stride - s.pad + q;
      if (row < 0 || row >= s.height || column < 0 || column >= s.width) continue;
      const uint8_t* const pixel = picture + (row * s.width + column) * s.in_channels;
      const int8_t* const tap = filter + (r * s.kernel_w + q) * s.in_channels;
      for (int64_t c = 0; c < s.in_channels; ++c) sum += pixel[c] * tap[c];
    }
  }
  return sum;
}

}  // namespace

template <class Y>
void direct_convolve(Reference, const DirectConvShape& s, const uint8_t* x, const int8_t* w, Y* y, const Int8Epilogue& e) {
  int64_t at = 0;
  for (int64_t n = 0; n < s.batch; ++n) {
    for (int64_t i = 0; i < s.out_height(); ++i) {
      for (int64_t j = 0; j < s.out_width(); ++j) {
        for (int64_t k = 0; k < s.out_channels; ++k, ++at) {
          const int32_t sum =
              sum_of(s, x + n * s.height * s.width * s.in_channels, w + k * s.kernel_h * s.kernel_w * s.in_channels, i, j);
          float v = std::fma(static_cast<float>(sum), e.scale[k], e.bias[k]);
          if (e.residual) v = std::fma(static_cast<float>(e.residual[at]), e.residual_scale, v);
          if (e.relu) v = std::max(v, 0.0F);
          if constexpr (std::is_same_v<Y, uint8_t>) v = std::nearbyint(std::clamp(v, 0.0F, 255.0F));
          y[at] = static_cast<Y>(v);
        }
      }
    }
  }
}

template void direct_convolve(Reference, const DirectConvShape&, const uint8_t*, const int8_t*, uint8_t*, const Int8Epilogue&);
template void direct_convolve(Reference, const DirectConvShape&, const uint8_t*, const int8_t*, float*, const Int8Epilogue&);
template void direct_convolve(Reference, const DirectConvShape&, const uint8_t*, const int8_t*, bf16*, const Int8Epilogue&);

}  // namespace cudenza::kernels
