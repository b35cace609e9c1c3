/// The maps that follow from a clip's moments, shared by the CPU loop and the kernel.
#pragma once
#include "kernels/common/extents.h"
#include "kernels/common/math.h"
#include "kernels/normalize/normalize.h"

namespace cudenza::kernels {

template <class T> HOST_DEVICE Affine<T> map_of(T middle, T width) {
  if (!(width > T(0))) return {T(0), T(0)};
  return {T(1) / width, -middle / width};
}

/// From the whole clip's moments over `values` numbers. The variance is that of the clip, not an estimate: divided by n.
template <class T> HOST_DEVICE Affine<T> clip_map(ClipMap kind, const Moments<T>& clip, int64_t values) {
  if (!(clip.most > clip.least)) return {T(0), T(0)};  // constant: what its variance shows is rounding
  if (kind == ClipMap::unit) return map_of(clip.least, clip.most - clip.least);
  return map_of(clip.mean, sqrt_of(clip.squares / static_cast<T>(values)));
}

}  // namespace cudenza::kernels
