/// The libraries behind the ops, as they answer at run time: what `cudenza info` shows.
#pragma once
#include <string>
#include <vector>

namespace cudenza {

struct LibraryVersion {
  std::string name, version;
};

/// oneDNN, and in a build with CUDA its runtime and driver, cuDNN and cuBLAS.
std::vector<LibraryVersion> library_versions();

/// What a build with CUDA adds to library_versions().
std::vector<LibraryVersion> cuda_libraries();

}  // namespace cudenza
