#include <cublasLt.h>
#include <cudnn_frontend_version.h>
#include <fmt/format.h>

#include "engine/ops/cudnn_plan.h"
#include "engine/ops/gpu_libraries.h"

namespace cudenza {

std::string gpu_library_versions() {
  const size_t lt = cublasLtGetVersion();
  return fmt::format("cuDNN {}, cudnn-frontend {}.{}.{}, cuBLASLt {}.{}.{}", cudnn::version(), CUDNN_FRONTEND_MAJOR_VERSION,
                     CUDNN_FRONTEND_MINOR_VERSION, CUDNN_FRONTEND_PATCH_VERSION, lt / 10000, lt / 100 % 100, lt % 100);
}

}  // namespace cudenza
