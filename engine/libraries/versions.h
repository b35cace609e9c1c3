/// Run-time versions of the libraries behind the ops, for `cudenza info`.
#pragma once
#include <string>
#include <vector>

namespace cudenza {

struct LibraryVersion {
  std::string name, version;
};

/// oneDNN; in a build with CUDA also the CUDA runtime and driver, cuDNN and cuBLAS.
std::vector<LibraryVersion> library_versions();

/// The part of library_versions() that only a build with CUDA has.
std::vector<LibraryVersion> cuda_libraries();

}  // namespace cudenza
