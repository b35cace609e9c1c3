/// Convolution as sums over the filter's rows, with filters that were packed once: for inference, where weights stay the same.
///
///   y[n,i,j,k] = sum over r and l of X[n, i·stride + r, j·stride·C + l] · w[k,r,l]        (then the epilogue)
///
/// X is x with its padding, and a row of it one sequence of numbers: the taps (s,c) of a filter's row are neighbours there, as
/// they are in w [K,R,S,C]. So l runs over S·C numbers, and a 1x1 convolution or a linear layer is the same loop. 14 pixels by
/// 32 filters are summed in registers (block.h); bf16 and bytes, 32 by 32, in a matrix unit's tiles where there is one (tiles.h).
///
/// On a CPU alone. f32 and bf16 are summed in f32, in one order whatever the shape; bytes (x u8, w s8) exactly, in 32 bits, which
/// hold kMostInt8Terms of them. So results are the same to the bit for any number of threads, and for a picture alone or in a
/// batch.
#pragma once
#include <cstdint>
#include <type_traits>

#include "kernels/common/backend.h"
#include "kernels/common/conv_epilogue.h"
#include "kernels/common/extents.h"
#include "kernels/common/float16.h"

namespace cudenza::kernels {

/// x is [batch, height, width, in_channels], y [batch, out_height(), out_width(), out_channels].
struct DirectConvShape {
  int64_t batch = 0, height = 0, width = 0, in_channels = 0;
  int64_t out_channels = 0, kernel_h = 0, kernel_w = 0;
  int64_t stride = 1, pad = 0;

  int64_t out_height() const { return (height + 2 * pad - kernel_h) / stride + 1; }
  int64_t out_width() const { return (width + 2 * pad - kernel_w) / stride + 1; }
};

/// kernel_h · kernel_w · in_channels of bytes is at most this: 255 · 127 times as much is below 2^31.
constexpr int64_t kMostInt8Terms = 66'311;

/// How filters are stored for x of type T: s8 for u8, else T.
template <class T> using direct_conv_filter_t = std::conditional_t<std::is_same_v<T, uint8_t>, int8_t, T>;

// T is the type of x: f32, bf16 or u8.

/// Of the packed filters; depends on the filters' shape and the stride alone.
template <class T> int64_t direct_conv_filter_bytes(const DirectConvShape&);
/// w [out_channels, kernel_h, kernel_w, in_channels] to `packed`, aligned to 64 bytes.
template <class T> void direct_conv_pack(Cpu, const DirectConvShape&, const direct_conv_filter_t<T>* w, void* packed);

/// `scratch`: direct_conv_scratch_bytes(), aligned to 64 bytes; null if that is 0.
template <class T>
void direct_convolve(Cpu, const DirectConvShape&, const T* x, const void* packed, T* y, const ConvEpilogue<T>&, void* scratch);
template <class T> int64_t direct_conv_scratch_bytes(const DirectConvShape&);

/// The same for bytes; y is u8, f32 or bf16.
template <class Y>
void direct_convolve(Cpu, const DirectConvShape&, const uint8_t* x, const void* packed, Y* y, const Int8Epilogue&, void* scratch);
/// By plain loops, with filters as they are: w [out_channels, kernel_h, kernel_w, in_channels].
template <class Y>
void direct_convolve(Reference, const DirectConvShape&, const uint8_t* x, const int8_t* w, Y* y, const Int8Epilogue&);

}  // namespace cudenza::kernels
