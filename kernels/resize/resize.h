/// Spectrograms to pictures: separable bilinear resize, normalisation and repetition over channels in one pass.
///
///   v[b,f]     = row_map[clip,b](max(x[b,f], floor[clip]))
///   y[i,j,c]   = channel_map[c](sum over b,f of rows[i,b] columns[j,f] v[b,f])
///                                                       x [clips, rows.in, columns.in], y [clips, rows.out, columns.out, C]
///
/// The weights of an axis sum to 1, so a row's map may be applied after the sum over f, which is how it is done.
#pragma once
#include <cstddef>
#include <vector>

#include "kernels/common/backend.h"
#include "kernels/common/float16.h"
#include "kernels/normalize/normalize.h"

namespace cudenza::kernels {

/// One axis: out[o] = sum over j < taps of weights[o·taps + j] in[first[o] + j]; first[o] + taps <= in.
template <class T> struct ResizeAxis {
  int in = 0, out = 0, taps = 0;
  const int32_t* first = nullptr;  ///< [out]
  const T* weights = nullptr;      ///< [out, taps]
};

/// The tables of an axis, on the host.
struct ResizeTable {
  int in = 0, out = 0, taps = 0;
  std::vector<int32_t> first;
  std::vector<double> weights;
};

/// Bilinear, pixels as areas (PyTorch's align_corners=False). With `antialias` the triangle widens with the scale when
/// shrinking, exactly as Pillow's BILINEAR; without, two neighbours are blended whatever the scale. `flip` turns the axis
/// over: output 0 is the far end.
ResizeTable make_resize_table(int in, int out, bool antialias, bool flip);
/// The same by the definition: every output has a weight for every input.
ResizeTable make_resize_table(Reference, int in, int out, bool antialias, bool flip);

template <class T> struct PicturePlan {
  static constexpr int kMaxChannels = 4;
  ResizeAxis<T> rows, columns;
  const T* floor = nullptr;             ///< [clips], or null: none
  const Affine<T>* row_maps = nullptr;  ///< [clips, rows.in] or, with row_map_stride 0, [rows.in]; null: unchanged
  int64_t row_map_stride = 0;           ///< elements from clip to clip
  int channels = 1;                     ///< 1 … kMaxChannels
  Affine<T> channel_maps[kMaxChannels] = {{T(1), T(0)}, {T(1), T(0)}, {T(1), T(0)}, {T(1), T(0)}};
};

/// U is float, bf16 or f16; double for T double.
template <class T, class U> void picture(Reference, const PicturePlan<T>&, const T* x, U* y, int64_t clips);
template <class U> void picture(Cpu, const PicturePlan<float>&, const float* x, U* y, int64_t clips);
template <class U> void picture(Gpu, const PicturePlan<float>&, const float* x, U* y, int64_t clips);

}  // namespace cudenza::kernels
