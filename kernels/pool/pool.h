/// Max and average pooling over NHWC pictures, with strided or adaptive windows.
///
///   max:      y[n,i,j,c] = max over (p,q) in window(i,j) of x[n,p,q,c]        dx[n,p,q,c] = sum of dy[n,i,j,c] where (p,q) won
///   average:  y[n,i,j,c] = sum over window(i,j) of x[n,p,q,c] / counted(i,j)  dx[n,p,q,c] = sum of dy[n,i,j,c] / counted(i,j)
///
/// A window is the product of a row span and a column span; each side of the picture says which inputs output i sees:
///   StridedSide   i*stride - pad .. + kernel, cut at the border; counted is what lies inside, or with count_pad what lies
///                 inside the padded picture (a window that ceil_mode hangs over its end is cut there);
///   AdaptiveSide  floor(i*size/out) .. ceil((i+1)*size/out): `out` windows that cover the side, whatever its length.
/// Semantics are PyTorch's: the first of equal values wins, in row order; NaN wins over all, the last one if there are several.
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/common/backend.h"
#include "kernels/common/float16.h"

namespace cudenza::kernels {

/// REQUIRES kernel, stride >= 1, 0 <= pad <= kernel / 2, out <= pooled_size(size, kernel, stride, pad, true).
struct StridedSide {
  int size, out;  ///< of x and of y
  int kernel, stride, pad;
  bool count_pad;  ///< average pooling: padding counts as zeros
};

/// REQUIRES size, out >= 1, size * out <= 2^30.
struct AdaptiveSide {
  int size, out;
};

/// x is [batch, rows.size, columns.size, channels], y [batch, rows.out, columns.out, channels]; either has fewer than 2^32
/// elements, a picture fewer than 2^31 pixels.
template <class Side> struct PoolShape {
  int batch;
  Side rows, columns;
  int channels;
};

/// Number of windows on a side. With ceil_mode the last may hang over the padded end, but must start inside the picture or
/// its left padding. 0 or less if not even one fits.
inline int64_t pooled_size(int64_t size, int64_t kernel, int64_t stride, int64_t pad, bool ceil_mode) {
  const int64_t room = size + 2 * pad - kernel;
  if (room < 0) return ceil_mode && room + stride > 0 ? 1 : 0;
  const int64_t whole = room / stride + 1;
  return ceil_mode && room % stride != 0 && whole * stride < size + pad ? whole + 1 : whole;
}

/// A max pool's winner[n,i,j,c] is the position in the window: (row in it) * (columns of the longest window) + (column in
/// it), rows and columns counted from the cut window's first. Winner is uint8_t where this holds, else int32_t.
template <class Side> bool winner_fits_byte(const PoolShape<Side>&);

/// Writes y, and what the backward pass needs unless `winner` is null.
template <class T, class Winner, class Side>
void max_pool_forward(Reference, const T* x, T* y, Winner* winner, const PoolShape<Side>&);
template <class T, class Winner, class Side> void max_pool_forward(Cpu, const T* x, T* y, Winner* winner, const PoolShape<Side>&);
template <class T, class Winner, class Side>
void max_pool_forward(Gpu, const T* x, T* y, Winner* winner, const PoolShape<Side>&, void* workspace);

/// Of quantized numbers: the maximum of bytes stands for the maximum of what they stand for.
void max_pool_bytes(Cpu, const uint8_t* x, uint8_t* y, const PoolShape<StridedSide>&);

template <class T, class Side> void avg_pool_forward(Reference, const T* x, T* y, const PoolShape<Side>&);
template <class T, class Side> void avg_pool_forward(Cpu, const T* x, T* y, const PoolShape<Side>&);
template <class T, class Side> void avg_pool_forward(Gpu, const T* x, T* y, const PoolShape<Side>&, void* workspace);

/// Bytes of `workspace`; 0 for most shapes, when it may be null. It is used where few windows hold many pixels: they are cut
/// into slices (pool_slices.h), so that the whole GPU has work. In a build with CUDA alone.
template <class Side> size_t pool_workspace_bytes(const PoolShape<Side>&);

/// Overwrite dx. A fast one gathers each input's terms from the windows that cover it: no atomics, so the sum's order is fixed.
template <class T, class Winner, class Side>
void max_pool_backward(Reference, const T* dy, const Winner* winner, T* dx, const PoolShape<Side>&);
template <class T, class Winner, class Side>
void max_pool_backward(Cpu, const T* dy, const Winner* winner, T* dx, const PoolShape<Side>&);
template <class T, class Winner, class Side>
void max_pool_backward(Gpu, const T* dy, const Winner* winner, T* dx, const PoolShape<Side>&);

template <class T, class Side> void avg_pool_backward(Reference, const T* dy, T* dx, const PoolShape<Side>&);
template <class T, class Side> void avg_pool_backward(Cpu, const T* dy, T* dx, const PoolShape<Side>&);
template <class T, class Side> void avg_pool_backward(Gpu, const T* dy, T* dx, const PoolShape<Side>&);

}  // namespace cudenza::kernels
