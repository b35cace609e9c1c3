/// Memory that is there before somebody needs it.
#pragma once
#include <cstddef>

namespace cudenza {

/// Throws DeviceError unless the process may have so much more memory now (ulimit -v). To be asked before calls of libraries that
/// crash where they get none.
void require_cpu_room(size_t bytes);

}  // namespace cudenza
