#include "engine/libraries/cuda/device_scope.h"

#include "kernels/common/cuda_check.h"

namespace cudenza {

DeviceScope::DeviceScope(int device) {
  CUDA_CHECK(cudaGetDevice(&before_));
  if (device == before_) return;
  CUDA_CHECK(cudaSetDevice(device));
  changed_ = true;
}

DeviceScope::~DeviceScope() {
  if (changed_) cudaSetDevice(before_);
}

}  // namespace cudenza
