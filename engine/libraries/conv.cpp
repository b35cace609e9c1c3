#include "engine/libraries/conv.h"

#include "engine/core/reference_kernels.h"

namespace cudenza {

std::string ConvShape::text() const {
  return fmt::format("{} x[{},{},{},{}] w[{},{},{},{}] stride {} pad {}", dtype, batch, height, width, in_channels, out_channels,
                     kernel_h, kernel_w, in_channels, stride, pad);
}

const ConvBackend& conv_backend(Device device, const ConvShape& shape) {
  if (!is_floating(shape.dtype)) throw_not_floating("conv2d", shape.dtype);
  if (device.is_cpu() && ReferenceKernels::active()) return conv_reference();
  if (device.is_cpu() && winograd_is_faster(shape)) return conv_winograd();
  if (device.is_cpu()) return conv_onednn().supports(shape) ? conv_onednn() : conv_reference();
  if (shape.dtype == DType::f64) throw_no_f64_on_gpu("conv2d");
  return conv_gpu(device.index());
}

}  // namespace cudenza
