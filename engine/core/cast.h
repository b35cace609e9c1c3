/// Conversion between floating types by the kernels that are there for it.
#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

/// y = x in y's type, by a kernel on the device of both; false, with nothing done, where there is none: other types than f32,
/// bf16 and f16, or f64 to and from f32 on the CPU. REQUIRES one shape, two types.
bool cast_by_kernel(const Tensor& x, const Tensor& y);

}  // namespace cudenza
