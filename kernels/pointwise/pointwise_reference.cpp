/// The maps of pointwise.h as loops; the equations are the functors of pointwise_math.h.
#include "kernels/pointwise/pointwise_instances.h"

namespace cudenza::kernels {

template <class Op, class T, class U> void map(Reference, Op op, const T* x, U* y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] = static_cast<U>(static_cast<acc_t<U>>(op(static_cast<acc_t<T>>(x[i]))));
}

template <class Op, class T> void map2(Reference, Op op, const T* a, const T* b, T* y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] = static_cast<T>(op(static_cast<acc_t<T>>(a[i]), static_cast<acc_t<T>>(b[i])));
}

template <class Op, class T>
void map_channels(Reference, Op op, const T* x, const acc_t<T>* b, T* y, int64_t rows, int64_t channels) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < channels; ++c)
      y[r * channels + c] = static_cast<T>(op(static_cast<acc_t<T>>(x[r * channels + c]), b[c]));
  }
}

CUDENZA_POINTWISE_OF(Reference, float)
CUDENZA_POINTWISE_OF(Reference, bf16)
CUDENZA_POINTWISE_OF(Reference, f16)
CUDENZA_POINTWISE_OF(Reference, double)
CUDENZA_CASTS(Reference)
CUDENZA_MAP(Reference, Identity, double, float)
CUDENZA_MAP(Reference, Identity, float, double)

}  // namespace cudenza::kernels
