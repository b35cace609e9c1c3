/// Versions of the libraries that convolutions and matrix products run on, for `cudenza info`.
#pragma once
#include <string>

namespace cudenza {

/// "cuDNN 9.19.0, cudnn-frontend 1.18.0, cuBLASLt 13.1.0"; empty in a build without CUDA.
std::string gpu_library_versions();

}  // namespace cudenza
