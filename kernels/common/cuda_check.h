/// CUDA_CHECK(call): throws CudaError with the call, the reason and the place.
#pragma once
#include <cuda_runtime.h>

#include <string>

#include "kernels/common/cuda_error.h"

namespace cudenza::kernels {

inline void cuda_check(cudaError_t status, const char* call, const char* file, int line) {
  if (status == cudaSuccess) return;
  std::string text = std::string(file) + ':' + std::to_string(line) + ": " + call + ": " + cudaGetErrorString(status);
  if (status == cudaErrorNoKernelImageForDevice)
    text += "; this program was built for other cards: build it on this machine, or with ./run build cards for all";
  throw CudaError(text);
}

}  // namespace cudenza::kernels

#define CUDA_CHECK(call) ::cudenza::kernels::cuda_check((call), #call, __FILE__, __LINE__)
