#include "engine/libraries/gemm.h"

#include "engine/core/reference_kernels.h"

namespace cudenza {

void gemm(Device device, const GemmShape& shape, const void* a, const void* b, void* y, const void* bias) {
  if (!is_floating(shape.dtype)) throw_not_floating("gemm", shape.dtype);
  if (device.is_cpu()) {
    const bool by_loops = shape.dtype == DType::f64 || ReferenceKernels::active();
    return (by_loops ? gemm_reference : gemm_onednn)(shape, a, b, y, bias);
  }
  if (shape.dtype == DType::f64) throw_no_f64_on_gpu("gemm");
  gemm_gpu(device, shape, a, b, y, bias);
}

}  // namespace cudenza
