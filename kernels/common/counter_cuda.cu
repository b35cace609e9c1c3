#include "kernels/common/counter.h"
#include "kernels/common/launch.h"

namespace cudenza::kernels {
namespace {

// *count += 1. One thread.
__global__ void increment_kernel(uint32_t* count) { ++*count; }

}  // namespace

void increment(Gpu gpu, uint32_t* count) { launch<increment_kernel>(dim3(1), dim3(1), 0, gpu, count); }

}  // namespace cudenza::kernels
