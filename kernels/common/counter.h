/// A count that lives in memory of the device that reads it: steps of training, which move random streams and optimizers
/// on. A captured step counts at each replay.
#pragma once
#include <cstdint>

#include "kernels/common/backend.h"

namespace cudenza::kernels {

/// *count += 1.
void increment(Cpu, uint32_t* count);
void increment(Gpu, uint32_t* count);

}  // namespace cudenza::kernels
