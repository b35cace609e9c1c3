/// Conversion between floating dtypes by a kernel.
#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

/// y = x in y's dtype, on the device of both. Returns false and does nothing if there is no kernel; there are kernels between
/// f32, bf16 and f16, and on the CPU between f32 and f64. REQUIRES equal shapes and devices, different dtypes.
bool cast_by_kernel(const Tensor& x, const Tensor& y);

}  // namespace cudenza
