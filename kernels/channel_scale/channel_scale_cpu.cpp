#include "kernels/channel_scale/channel_scale.h"
#include "kernels/common/streaming.h"

namespace cudenza::kernels {

template <class T> void channel_scale_forward(Cpu, const T* x, const T* s, T* y, const RowsShape& shape) {
  using A = acc_t<T>;
  const int64_t channels = shape.channels, rows = shape.rows;
  parallel_fill(y, shape.batch * rows * channels, 1, [=](T* place, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end;) {  // to the end of a row, then row by row
      const int64_t row = i / channels, c = i % channels, count = smaller(channels - c, end - i);
      const T* factor = s + row / rows * channels + c;
#pragma omp simd
      for (int64_t k = 0; k < count; ++k) place[i - begin + k] = static_cast<A>(x[i + k]) * static_cast<A>(factor[k]);
      i += count;
    }
  });
}

size_t channel_scale_workspace_bytes(Cpu cpu, const RowsShape& shape) { return sum_rows_workspace_bytes(cpu, shape); }

template <class T>
void channel_scale_backward(Cpu cpu, const T* dy, const T* x, const T* s, T* dx, T* ds, const RowsShape& shape, void* workspace) {
  if (ds) sum_rows_of_products(cpu, dy, x, ds, shape, 1, workspace);
  if (dx) channel_scale_forward(cpu, dy, s, dx, shape);
}

#define CUDENZA_CHANNEL_SCALE(T)                                                      \
  template void channel_scale_forward(Cpu, const T*, const T*, T*, const RowsShape&); \
  template void channel_scale_backward(Cpu, const T*, const T*, const T*, T*, T*, const RowsShape&, void*);

CUDENZA_CHANNEL_SCALE(float)
CUDENZA_CHANNEL_SCALE(bf16)
CUDENZA_CHANNEL_SCALE(f16)
CUDENZA_CHANNEL_SCALE(double)

}  // namespace cudenza::kernels
