/// Winograd's algorithm (kernels/winograd) as a ConvBackend. Scratch memory comes from the pool; backward_data() runs as
/// another forward convolution; winograd_is_faster() compares with oneDNN's direct sums.
#include "engine/libraries/conv.h"

#include <algorithm>

#include "engine/core/dispatch.h"
#include "engine/core/storage.h"
#include "engine/libraries/cpu_features.h"
#include "engine/libraries/winograd/shape.h"

namespace cudenza {
namespace {

using kernels::WinogradFilters;
using kernels::WinogradShape;

class WinogradConv final : public ConvBackend {
 public:
  std::string_view name() const override { return "Winograd"; }

  bool supports(const ConvShape& s) const override {
    const int64_t channels = kernels::winograd_channels();
    return (s.dtype == DType::f32 || s.dtype == DType::bf16) && (s.kernel_h == 3 || s.kernel_h == 5) &&
           s.kernel_w == s.kernel_h && s.stride == 1 && s.pad < s.kernel_h && s.in_channels % channels == 0 &&
           s.out_channels % channels == 0;
  }

  void forward(const ConvShape& s, const void* x, const void* w, void* y, const ConvEpilogue& e) const override {
    dispatch_f32_or_bf16(s.dtype, [&]<class T>() {
      convolve<T>(winograd_shape(s), x, w, WinogradFilters::own, y,
                  {static_cast<const float*>(e.bias), static_cast<const T*>(e.residual), e.relu});
    });
  }

  void backward_data(const ConvShape& s, const void* dy, const void* w, void* dx) const override {
    dispatch_f32_or_bf16(
        s.dtype, [&]<class T>() { convolve<T>(winograd_shape(s).backward_data(), dy, w, WinogradFilters::of_forward, dx, {}); });
  }

  void backward_weights(const ConvShape& s, const void* x, const void* dy, void* dw) const override {
    dispatch_f32_or_bf16(s.dtype, [&]<class T>() {
      const WinogradShape shape = winograd_shape(s);
      const Storage scratch = floats(kernels::winograd_weights_scratch(shape));
      kernels::winograd_weights(kernels::Cpu{}, shape, static_cast<const T*>(x), static_cast<const T*>(dy), static_cast<T*>(dw),
                                static_cast<float*>(scratch.data()));
    });
  }

 private:
  static Storage floats(int64_t count) { return {static_cast<size_t>(count) * sizeof(float), Device::cpu()}; }

  template <class T>
  static void convolve(const WinogradShape& s, const void* x, const void* w, WinogradFilters filters, void* y,
                       const kernels::ConvEpilogue<T>& epilogue) {
    const Storage scratch = floats(kernels::winograd_scratch(s, filters));
    kernels::winograd_convolve(kernels::Cpu{}, s, static_cast<const T*>(x), static_cast<const T*>(w), filters, static_cast<T*>(y),
                               epilogue, static_cast<float*>(scratch.data()));
  }
};

}  // namespace

const ConvBackend& conv_winograd() {
  static const WinogradConv backend;
  return backend;
}

bool winograd_saves(const ConvShape& s) {
  // Tiles that hang over the border of a small picture waste work; few tiles do not pay for transforming the filters.
  constexpr int64_t kMultiplications = 36, kFew = 16;
  const int64_t tiles = winograd_shape(s).tiles();
  return tiles >= kFew && 2 * kMultiplications * tiles <= s.kernel_h * s.kernel_w * s.batch * s.out_height() * s.out_width();
}

bool winograd_is_faster(const ConvShape& s) {
  if (!conv_winograd().supports(s) || !winograd_saves(s)) return false;
  if (s.dtype == DType::f32 || !cpu_multiplies_bf16()) return true;
  // Such a CPU multiplies bf16 twice as fast as f32, with AMX eight times. Then a third of the multiplications (5x5) saves
  // nothing, and a quarter does not pay for transforming many filters for few tiles.
  constexpr int64_t kFewChannels = 128, kManyTiles = 256;
  const int64_t tiles = winograd_shape(s).tiles();
  return !cpu_has_amx() && s.kernel_h == 3 && (tiles >= kManyTiles || std::max(s.in_channels, s.out_channels) <= kFewChannels);
}

}  // namespace cudenza
