/// launch<kernel>(grid, block, shared_bytes, stream, args...): the only way a kernel is started.
///
/// nvcc turns it into a checked cudaLaunchKernelEx. Under CUDENZA_SIMT the same .cu file is compiled by g++ and the kernel
/// runs on the host, one fiber a CUDA thread (kernels/simt), so that its source is tested without a GPU. The kernel is a
/// template argument because its name then comes along: tests know which kernels have run.
///
/// A kernel's shared memory is declared with SHARED_ARRAY(type, name, count) or taken with dynamic_shared<T>().
#pragma once

#include "kernels/common/backend.h"
#include "kernels/common/host_device.h"

#if defined(CUDENZA_SIMT)
#include "kernels/simt/simt.h"

namespace cudenza::kernels {

template <class T> T* dynamic_shared() { return static_cast<T*>(simt::dynamic_shared_bytes()); }

template <auto kernel, class... Args> void launch(dim3 grid, dim3 block, size_t shared_bytes, Gpu gpu, Args... args) {
  const std::string& name = simt::note_kernel(__PRETTY_FUNCTION__);
  const auto start = [&]<class... Params>(void (*typed_kernel)(Params...)) {
    const auto work = [=, &name] {
      const auto call = [&]() SIMT_UNTRACED { typed_kernel(static_cast<Params>(args)...); };
      const auto call_it = [](const void* it) SIMT_UNTRACED { (*static_cast<decltype(&call)>(it))(); };
      simt::run(name, grid, block, shared_bytes, {call_it, &call});
    };
    simt::enqueue(work, gpu.stream);
  };
  start(kernel);
}

}  // namespace cudenza::kernels
#else
#include <cuda_runtime.h>

#include "kernels/common/cuda_check.h"

#define SHARED_ARRAY(type, name, count) __shared__ type name[count]

namespace cudenza::kernels {

template <class T> __device__ inline T* dynamic_shared() {
  extern __shared__ __align__(16) unsigned char cudenza_dynamic_shared[];
  return reinterpret_cast<T*>(cudenza_dynamic_shared);
}

template <auto kernel, class... Args> void launch(dim3 grid, dim3 block, size_t shared_bytes, Gpu gpu, Args... args) {
  if (shared_bytes > 48 * 1024) {
    CUDA_CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes)));
  }
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = static_cast<cudaStream_t>(gpu.stream);
  const auto start = [&]<class... Params>(void (*typed_kernel)(Params...)) {
    CUDA_CHECK(cudaLaunchKernelEx(&config, typed_kernel, static_cast<Params>(args)...));
  };
  start(kernel);
}

}  // namespace cudenza::kernels
#endif
