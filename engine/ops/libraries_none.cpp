#include "engine/ops/libraries.h"

namespace cudenza {

std::vector<LibraryVersion> gpu_library_versions() { return {}; }

}  // namespace cudenza
