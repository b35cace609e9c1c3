#include <cufft.h>

#include <map>
#include <mutex>
#include <tuple>

#include "engine/audio/fft_library.h"
#include "engine/core/gpu.h"
#include "engine/core/storage.h"
#include "kernels/common/cuda_check.h"

namespace cudenza {
namespace {

void check(cufftResult status, const char* call) {
  if (status != CUFFT_SUCCESS)
    throw kernels::CudaError(fmt::format("{} failed with cuFFT's status {}", call, static_cast<int>(status)));
}

/// A plan without its own workspace: each call takes one from the engine's pool, in stream order.
class Plan {
 public:
  Plan(int device, int n, int64_t batch) {
    CUDA_CHECK(cudaSetDevice(device));
    check(cufftCreate(&handle_), "cufftCreate");
    check(cufftSetAutoAllocation(handle_, 0), "cufftSetAutoAllocation");
    long long length = n;
    check(cufftMakePlanMany64(handle_, 1, &length, nullptr, 1, n, nullptr, 1, n / 2 + 1, CUFFT_R2C, batch, &bytes_),
          "cufftMakePlanMany64");
    check(cufftSetStream(handle_, static_cast<cudaStream_t>(gpu::stream(device))), "cufftSetStream");
  }
  Plan(const Plan&) = delete;  // lives as long as the process, like the stream

  void run(Device device, const float* x, kernels::Complex<float>* y) const {
    const Storage workspace(bytes_, device);
    gpu::stream(device.index());  // makes the device current, as the plan's calls expect
    if (bytes_ > 0) check(cufftSetWorkArea(handle_, workspace.data()), "cufftSetWorkArea");
    check(cufftExecR2C(handle_, const_cast<float*>(x), reinterpret_cast<cufftComplex*>(y)), "cufftExecR2C");
  }

 private:
  cufftHandle handle_ = 0;
  size_t bytes_ = 0;
};

}  // namespace

void rfft_library(Device device, int n, int64_t batch, const float* x, kernels::Complex<float>* y) {
  static std::mutex mutex;
  static std::map<std::tuple<int, int, int64_t>, Plan> plans;
  std::lock_guard lock(mutex);  // also held during the call: the workspace is a setting of the handle
  plans.try_emplace({device.index(), n, batch}, device.index(), n, batch).first->second.run(device, x, y);
}

}  // namespace cudenza
