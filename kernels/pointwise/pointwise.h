/// Pointwise maps over dense arrays, one functor an op (pointwise_math.h).
///
///   map           y[i]   = op(x[i])            the types of x and y may differ: a cast is map(Identity{})
///   map2          y[i]   = op(a[i], b[i])
///   map_channels  y[r,c] = op(x[r,c], b[c])    b is broadcast over the rows of [rows, channels]
///
/// y may be x, a or b itself (in place). Instantiated for the functors and types listed in pointwise_instances.h.
#pragma once
#include <cstdint>

#include "kernels/common/backend.h"
#include "kernels/common/float16.h"

namespace cudenza::kernels {

template <class Op, class T, class U> void map(Reference, Op op, const T* x, U* y, int64_t count);
template <class Op, class T, class U> void map(Cpu, Op op, const T* x, U* y, int64_t count);
template <class Op, class T, class U> void map(Gpu, Op op, const T* x, U* y, int64_t count);

template <class Op, class T> void map2(Reference, Op op, const T* a, const T* b, T* y, int64_t count);
template <class Op, class T> void map2(Cpu, Op op, const T* a, const T* b, T* y, int64_t count);
template <class Op, class T> void map2(Gpu, Op op, const T* a, const T* b, T* y, int64_t count);

template <class Op, class T>
void map_channels(Reference, Op op, const T* x, const acc_t<T>* b, T* y, int64_t rows, int64_t channels);
template <class Op, class T> void map_channels(Cpu, Op op, const T* x, const acc_t<T>* b, T* y, int64_t rows, int64_t channels);
template <class Op, class T> void map_channels(Gpu, Op op, const T* x, const acc_t<T>* b, T* y, int64_t rows, int64_t channels);

}  // namespace cudenza::kernels
