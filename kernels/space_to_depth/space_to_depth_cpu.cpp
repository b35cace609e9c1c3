#include "kernels/common/parallel.h"
#include "kernels/space_to_depth/space_to_depth_math.h"

namespace cudenza::kernels {

template <class T> void space_to_depth(Cpu, const DepthShape& shape, const T* x, T* y) {
  with_depth_extents(shape, [&](auto block, auto channels) {
    parallel_ranges(shape.out_blocks(), shape.out_channels(), [=](int64_t begin, int64_t end) {
      for (int64_t at = begin; at < end; ++at) block_of_space<block, channels>(shape, x, at, y);
    });
  });
}

template <class T> void depth_to_space(Cpu, const DepthShape& shape, const T* y, T* x) {
  parallel_ranges(shape.elements(), 8, [=](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; ++at) x[at] = y[place_in_depth(shape, at)];
  });
}

template void space_to_depth(Cpu, const DepthShape&, const bf16*, bf16*);
template void space_to_depth(Cpu, const DepthShape&, const f16*, f16*);
template void depth_to_space(Cpu, const DepthShape&, const bf16*, bf16*);
template void depth_to_space(Cpu, const DepthShape&, const f16*, f16*);

}  // namespace cudenza::kernels
