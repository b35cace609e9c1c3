#include "engine/libraries/versions.h"

#include <fmt/format.h>

#include <oneapi/dnnl/dnnl.hpp>

namespace cudenza {

std::vector<LibraryVersion> library_versions(bool with_gpu) {
  const dnnl_version_t* onednn = dnnl_version();
  std::vector<LibraryVersion> all = {{"oneDNN", fmt::format("{}.{}.{}", onednn->major, onednn->minor, onednn->patch)}};
  if (!with_gpu) return all;
  for (LibraryVersion& library : cuda_libraries()) all.push_back(std::move(library));
  return all;
}

}  // namespace cudenza
