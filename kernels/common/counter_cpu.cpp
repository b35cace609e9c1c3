#include "kernels/common/counter.h"

namespace cudenza::kernels {

void increment(Cpu, uint32_t* count) { ++*count; }

}  // namespace cudenza::kernels
