#include "kernels/pointwise/pointwise_instances.h"
#include "kernels/simd/simd_map.h"
#include "kernels/simd/simd_math.h"
#include "kernels/simd/streaming.h"

namespace cudenza::kernels {

template <class Op, class T, class U> void map(Cpu, Op op, const T* x, U* y, int64_t count) {
  parallel_fill(y, count, 1, [=](U* place, int64_t begin, int64_t end) {
    if constexpr (std::is_same_v<Op, Identity>) simd_convert(x + begin, place, end - begin);
    else if constexpr (std::is_same_v<Op, Sigmoid>)
      simd_map_registers(
          place, end - begin, [](auto v) { return simd_sigmoid<acc_t<T>>(v); }, x + begin);
    else simd_map(place, end - begin, op, x + begin);
  });
}

template <class Op, class T> void map2(Cpu, Op op, const T* a, const T* b, T* y, int64_t count) {
  parallel_fill(y, count, 1,
                [=](T* place, int64_t begin, int64_t end) { simd_map(place, end - begin, op, a + begin, b + begin); });
}

template <class Op, class T> void map_channels(Cpu, Op op, const T* x, const acc_t<T>* b, T* y, int64_t rows, int64_t channels) {
  parallel_fill(y, rows * channels, 1, [=](T* place, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end;) {  // to the end of a row, then row by row
      const int64_t c = i % channels, count = smaller(channels - c, end - i);
      simd_map(place + (i - begin), count, op, x + i, b + c);
      i += count;
    }
  });
}

CUDENZA_POINTWISE_OF(Cpu, float)
CUDENZA_POINTWISE_OF(Cpu, bf16)
CUDENZA_POINTWISE_OF(Cpu, f16)
CUDENZA_CASTS(Cpu)

}  // namespace cudenza::kernels
