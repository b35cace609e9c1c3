#include "kernels/common/streaming.h"
#include "kernels/pointwise/pointwise_instances.h"

namespace cudenza::kernels {

// `omp simd` promises what the interface does: elements are independent, also when y is an input.
template <class Op, class T, class U> void map(Cpu, Op op, const T* x, U* y, int64_t count) {
  parallel_fill(y, count, 1, [=](U* place, int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) place[i - begin] = static_cast<acc_t<U>>(op(static_cast<acc_t<T>>(x[i])));
  });
}

template <class Op, class T> void map2(Cpu, Op op, const T* a, const T* b, T* y, int64_t count) {
  parallel_fill(y, count, 1, [=](T* place, int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) place[i - begin] = op(static_cast<acc_t<T>>(a[i]), static_cast<acc_t<T>>(b[i]));
  });
}

template <class Op, class T> void map_channels(Cpu, Op op, const T* x, const acc_t<T>* b, T* y, int64_t rows, int64_t channels) {
  parallel_fill(y, rows * channels, 1, [=](T* place, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end;) {  // to the end of a row, then row by row
      const int64_t c = i % channels, count = smaller(channels - c, end - i);
#pragma omp simd
      for (int64_t k = 0; k < count; ++k) place[i - begin + k] = op(static_cast<acc_t<T>>(x[i + k]), b[c + k]);
      i += count;
    }
  });
}

CUDENZA_POINTWISE_OF(Cpu, float)
CUDENZA_POINTWISE_OF(Cpu, bf16)
CUDENZA_POINTWISE_OF(Cpu, f16)
CUDENZA_POINTWISE_OF(Cpu, double)
CUDENZA_CASTS(Cpu)
CUDENZA_MAP(Cpu, Identity, double, float)
CUDENZA_MAP(Cpu, Identity, float, double)

}  // namespace cudenza::kernels
