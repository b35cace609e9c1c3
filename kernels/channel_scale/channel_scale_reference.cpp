/// The equations of channel_scale.h as loops. Sums are taken in double: how they are rounded is not what it judges.
#include "kernels/channel_scale/channel_scale_instances.h"

namespace cudenza::kernels {
namespace {

/// y[n,p,c] = x[n,p,c] s[n,c].
template <class T, class U> void scale_channels(const T* x, const U* s, T* y, const RowsShape& shape) {
  using A = acc_t<T>;
#pragma omp parallel for collapse(2)
  for (int64_t n = 0; n < shape.batch; ++n) {
    for (int64_t p = 0; p < shape.rows; ++p) {
      for (int64_t c = 0; c < shape.channels; ++c) {
        const int64_t i = (n * shape.rows + p) * shape.channels + c;
        y[i] = static_cast<T>(static_cast<A>(x[i]) * static_cast<A>(s[n * shape.channels + c]));
      }
    }
  }
}

}  // namespace

template <class T> void channel_scale_forward(Reference, const T* x, const T* s, T* y, const RowsShape& shape) {
  scale_channels(x, s, y, shape);
}

template <class T, class U>
void channel_scale_backward(Reference, const T* dy, const T* x, const U* s, T* dx, U* ds, const RowsShape& shape, void*) {
#pragma omp parallel for collapse(2)
  for (int64_t n = 0; n < shape.batch; ++n) {
    for (int64_t c = 0; c < (ds ? shape.channels : 0); ++c) {
      double sum = 0;
      for (int64_t p = 0; p < shape.rows; ++p) {
        const int64_t i = (n * shape.rows + p) * shape.channels + c;
        sum += static_cast<double>(dy[i]) * static_cast<double>(x[i]);
      }
      ds[n * shape.channels + c] = static_cast<U>(static_cast<acc_t<T>>(sum));
    }
  }
  if (dx) scale_channels(dy, s, dx, shape);  // after the sums: it may overwrite dy or x
}

CUDENZA_CHANNEL_SCALE(Reference)
CUDENZA_CHANNEL_SCALE_OF(Reference, double)

}  // namespace cudenza::kernels
