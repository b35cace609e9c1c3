#include "kernels/accumulate/accumulate.h"

namespace cudenza::kernels {

template <class T> void accumulate(Reference, std::span<const Addition<T>> additions) {
  for (const Addition<T>& a : additions) {
    for (int64_t i = 0; i < a.count; ++i) a.sum[i] += static_cast<acc_t<T>>(a.term[i]);
  }
}

template void accumulate(Reference, std::span<const Addition<float>>);
template void accumulate(Reference, std::span<const Addition<bf16>>);
template void accumulate(Reference, std::span<const Addition<f16>>);
template void accumulate(Reference, std::span<const Addition<double>>);

}  // namespace cudenza::kernels
