#include "engine/ops/libraries.h"

namespace cudenza {

std::vector<LibraryVersion> cuda_libraries() { return {}; }

}  // namespace cudenza
