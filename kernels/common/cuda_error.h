/// The exception of a failed CUDA call or kernel launch, apart from CUDA's headers so that anyone can catch it.
#pragma once
#include <stdexcept>

namespace cudenza::kernels {

struct CudaError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace cudenza::kernels
