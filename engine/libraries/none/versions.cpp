#include "engine/libraries/versions.h"

namespace cudenza {

std::vector<LibraryVersion> cuda_libraries() { return {}; }

}  // namespace cudenza
