/// Dropout and stochastic depth: elements, or whole samples, are set to zero at random and the rest is scaled up, so that
/// the expectation stays.
///
///   dropout:    y[i]   = x[i]   * keep(number i) * scale      (Srivastava et al., JMLR 2014; "inverted")
///               dx[i]  = dy[i]  * keep(number i) * scale
///   drop_path:  y[n,i] = x[n,i] * keep(number n) * scale      (Huang et al., Deep networks with stochastic depth, 2016)
///
/// Numbers have 16 bits: number k of a stream is half k % 8 of its Philox block k / 8 (common/philox.h), a word's lower half
/// first. Number k drops where it is less than q = p * 65536, rounded; scale is 65536 / (65536 - q): the expectation is exact,
/// p itself to 1/131072. Both devices drop the same elements. A dropped element is multiplied by zero, so that NaN stays visible.
///
/// `first` is the number of the first element (dropout, a multiple of 8) or sample (drop_path): its place in the whole batch,
/// where x is a part of one.
///
/// dropout_forward leaves a mask of one bit an element, 1 for kept: bit i % 8 of byte i / 8, unused bits of the last byte 0.
/// drop_path's backward pass is the same function on dy with the same stream.
#pragma once
#include <cstdint>

#include "kernels/common/backend.h"
#include "kernels/common/extents.h"
#include "kernels/common/float16.h"
#include "kernels/common/philox.h"

namespace cudenza::kernels {

inline int64_t dropout_mask_bytes(int64_t count) { return ceil_div<int64_t>(count, 8); }

/// REQUIRES 0 <= p < 1. y may be x; mask may be null. stream.step is read on the device that runs it.
template <class T>
void dropout_forward(Reference, const T* x, T* y, uint8_t* mask, int64_t count, double p, const RandomStream&, int64_t first = 0);
template <class T>
void dropout_forward(Cpu, const T* x, T* y, uint8_t* mask, int64_t count, double p, const RandomStream&, int64_t first = 0);
template <class T>
void dropout_forward(Gpu, const T* x, T* y, uint8_t* mask, int64_t count, double p, const RandomStream&, int64_t first = 0);

/// REQUIRES the p and mask of the forward pass. dx may be dy.
template <class T> void dropout_backward(Reference, const T* dy, const uint8_t* mask, T* dx, int64_t count, double p);
template <class T> void dropout_backward(Cpu, const T* dy, const uint8_t* mask, T* dx, int64_t count, double p);
template <class T> void dropout_backward(Gpu, const T* dy, const uint8_t* mask, T* dx, int64_t count, double p);

/// x and y are [samples, sample_size]. REQUIRES 0 <= p < 1. y may be x.
template <class T>
void drop_path(Reference, const T* x, T* y, int64_t samples, int64_t sample_size, double p, const RandomStream&,
               int64_t first = 0);
template <class T>
void drop_path(Cpu, const T* x, T* y, int64_t samples, int64_t sample_size, double p, const RandomStream&, int64_t first = 0);
template <class T>
void drop_path(Gpu, const T* x, T* y, int64_t samples, int64_t sample_size, double p, const RandomStream&, int64_t first = 0);

}  // namespace cudenza::kernels
