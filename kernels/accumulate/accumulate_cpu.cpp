#include "kernels/accumulate/accumulate.h"
#include "kernels/common/parallel.h"

namespace cudenza::kernels {

template <class T> void accumulate(Cpu, std::span<const Addition<T>> additions) {
  for (const Addition<T>& a : additions) {
    parallel_ranges(a.count, 1, [=](int64_t begin, int64_t end) {
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) a.sum[i] += static_cast<acc_t<T>>(a.term[i]);
    });
  }
}

template void accumulate(Cpu, std::span<const Addition<float>>);
template void accumulate(Cpu, std::span<const Addition<bf16>>);
template void accumulate(Cpu, std::span<const Addition<f16>>);

}  // namespace cudenza::kernels
