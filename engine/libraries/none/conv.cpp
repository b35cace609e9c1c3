#include "engine/libraries/conv.h"

#include "engine/core/gpu.h"

namespace cudenza {

const ConvBackend& conv_gpu(int) { throw DeviceError("conv2d: " + gpu::why_none()); }

}  // namespace cudenza
