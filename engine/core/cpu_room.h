/// Checks that memory is available before it is needed.
#pragma once
#include <cstddef>

namespace cudenza {

/// Throws DeviceError unless the process can get this many more bytes now (ulimit -v). Call it before library functions that
/// crash when memory runs out.
void require_cpu_room(size_t bytes);

}  // namespace cudenza
