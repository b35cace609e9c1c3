#include <vector>

#include "kernels/channel_scale/channel_scale.h"
#include "kernels/common/parallel.h"

namespace cudenza::kernels {

template <class T>
void channel_scale_forward(Cpu, const T* x, const T* s, T* y, const RowsShape& shape) {
  using A = acc_t<T>;
  const int64_t channels = shape.channels;
  parallel_ranges(shape.batch * shape.rows, channels, [=](int64_t begin, int64_t end) {
    std::vector<A> factors(static_cast<size_t>(channels));
    const A* factor = factors.data();
    for (int64_t row = begin; row < end; ++row) {
      if (row == begin || row % shape.rows == 0) {  // a new picture
        for (int64_t c = 0; c < channels; ++c) factors[c] = static_cast<A>(s[row / shape.rows * channels + c]);
      }
      const T* x_row = x + row * channels;
      T* y_row = y + row * channels;
#pragma omp simd
      for (int64_t c = 0; c < channels; ++c) y_row[c] = static_cast<T>(static_cast<A>(x_row[c]) * factor[c]);
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
