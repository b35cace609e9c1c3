#include "engine/ops/gpu_libraries.h"

namespace cudenza {

std::string gpu_library_versions() { return {}; }

}  // namespace cudenza
