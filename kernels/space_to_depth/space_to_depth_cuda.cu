#include "kernels/common/launch.h"
#include "kernels/space_to_depth/space_to_depth_math.h"

namespace cudenza::kernels {
namespace {

constexpr int kThreads = 256;

// One thread a block of y: neighbours read neighbouring pixels and write neighbouring packs.
template <int kBlock, int kChannels, class T>
__global__ void __launch_bounds__(kThreads) space_to_depth_kernel(DepthShape shape, const T* x, T* y) {
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (at < shape.out_blocks()) block_of_space<kBlock, kChannels>(shape, x, at, y);
}

// One thread an element of x.
template <class T> __global__ void __launch_bounds__(kThreads) depth_to_space_kernel(DepthShape shape, const T* y, T* x) {
  const int64_t at = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (at < shape.elements()) x[at] = y[place_in_depth(shape, at)];
}

dim3 grid_for(int64_t threads) { return dim3(static_cast<unsigned>(ceil_div<int64_t>(threads, kThreads))); }

}  // namespace

template <class T> void space_to_depth(Gpu gpu, const DepthShape& shape, const T* x, T* y) {
  if (shape.out_blocks() == 0) return;
  with_depth_extents(shape, [&](auto block, auto channels) {
    launch<space_to_depth_kernel<block(), channels(), T>>(grid_for(shape.out_blocks()), dim3(kThreads), 0, gpu, shape, x, y);
  });
}

template <class T> void depth_to_space(Gpu gpu, const DepthShape& shape, const T* y, T* x) {
  if (shape.elements() == 0) return;
  launch<depth_to_space_kernel<T>>(grid_for(shape.elements()), dim3(kThreads), 0, gpu, shape, y, x);
}

template void space_to_depth(Gpu, const DepthShape&, const bf16*, bf16*);
template void space_to_depth(Gpu, const DepthShape&, const f16*, f16*);
template void depth_to_space(Gpu, const DepthShape&, const bf16*, bf16*);
template void depth_to_space(Gpu, const DepthShape&, const f16*, f16*);

}  // namespace cudenza::kernels
