/// Dropout and stochastic depth: elements, or whole samples, are set to zero at random and the rest is scaled up, so that
/// the expectation stays.
///
///   dropout:    y[i]   = x[i]   * keep(word i) / (1 - p)      (Srivastava et al., JMLR 2014; "inverted")
///   drop_path:  y[n,i] = x[n,i] * keep(word n) / (1 - p)      (Huang et al., Deep networks with stochastic depth, 2016)
///
/// Word k of a stream is word k % 4 of its Philox block k / 4 (common/philox.h); it drops where uniform_of(word) < p. Nothing is
/// stored: the backward pass is the same function on dy with the same stream. Both devices drop the same elements. A
/// dropped element is multiplied by zero, so that NaN stays visible.
#pragma once
#include <cstdint>

#include "kernels/common/backend.h"
#include "kernels/common/float16.h"
#include "kernels/common/philox.h"

namespace cudenza::kernels {

/// REQUIRES 0 <= p < 1. y may be x. stream.step is read on the device that runs it.
template <class T> void dropout(Cpu, const T* x, T* y, int64_t count, double p, const RandomStream&);
template <class T> void dropout(Gpu, const T* x, T* y, int64_t count, double p, const RandomStream&);

/// x and y are [samples, sample_size]. REQUIRES 0 <= p < 1. y may be x.
template <class T> void drop_path(Cpu, const T* x, T* y, int64_t samples, int64_t sample_size, double p, const RandomStream&);
template <class T> void drop_path(Gpu, const T* x, T* y, int64_t samples, int64_t sample_size, double p, const RandomStream&);

}  // namespace cudenza::kernels
