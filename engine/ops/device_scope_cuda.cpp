#include "engine/ops/device_scope.h"
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

int device_of(const void* pointer) {
  cudaPointerAttributes attributes{};
  CUDA_CHECK(cudaPointerGetAttributes(&attributes, pointer));
  return attributes.device;
}

}  // namespace cudenza
