/// Run-time versions of the libraries behind the ops, for `cudenza info`.
#pragma once
#include <string>
#include <vector>

namespace cudenza {

struct LibraryVersion {
  std::string name, version;
};

/// oneDNN; with_gpu: in a build with CUDA also cuda_libraries().
std::vector<LibraryVersion> library_versions(bool with_gpu);

/// The CUDA runtime and driver, cuDNN and cuBLAS, which is loaded for this; none in a build without CUDA.
std::vector<LibraryVersion> cuda_libraries();

}  // namespace cudenza
