#include "engine/libraries/versions.h"

#include <cublasLt.h>
#include <cuda_runtime.h>
#include <cudnn.h>
#include <cudnn_frontend_version.h>
#include <fmt/format.h>

#include "engine/core/error.h"

namespace cudenza {
namespace {

std::string cuda_version(int number) { return number == 0 ? "none" : fmt::format("{}.{}", number / 1000, number % 1000 / 10); }

std::string three_parts(size_t number, size_t major_unit) {
  return fmt::format("{}.{}.{}", number / major_unit, number % major_unit / 100, number % 100);
}

/// It is loaded when it is needed, so that it may be missing on a machine without a GPU.
std::string cublas_version() {
  try {
    return three_parts(cublasLtGetVersion(), 10000);
  } catch (const DeviceError&) {
    return "none";
  }
}

}  // namespace

std::vector<LibraryVersion> cuda_libraries() {
  int runtime = 0, driver = 0;
  cudaRuntimeGetVersion(&runtime);
  cudaDriverGetVersion(&driver);  // 0 without a driver
  return {{"CUDA runtime", cuda_version(runtime)},
          {"CUDA driver", cuda_version(driver)},
          {"cuDNN", three_parts(cudnnGetVersion(), 10000)},
          {"cudnn-frontend",
           fmt::format("{}.{}.{}", CUDNN_FRONTEND_MAJOR_VERSION, CUDNN_FRONTEND_MINOR_VERSION, CUDNN_FRONTEND_PATCH_VERSION)},
          {"cuBLAS", cublas_version()}};
}

}  // namespace cudenza
