/// What a picture's rows and channels go through, shared by the CPU loop and the kernel.
#pragma once
#include "kernels/common/extents.h"
#include "kernels/common/host_device.h"
#include "kernels/resize/resize.h"

namespace cudenza::kernels {

template <class T> HOST_DEVICE T mapped(const Affine<T>& map, T x) { return map.scale * x + map.shift; }

template <class T> HOST_DEVICE Affine<T> row_map(const PicturePlan<T>& plan, int64_t clip, int row) {
  if (!plan.row_maps) return {T(1), T(0)};
  return plan.row_maps[clip * plan.row_map_stride + row];
}

}  // namespace cudenza::kernels
