/// sum[i] += term[i] for many pairs of arrays at a time: the gradients of a network's parameters, most of which are small, so
/// that a launch for each would cost more than the addition.
///
/// Instantiated for terms of float, bf16 and f16, and of double by the reference; sums are acc_t<T>.
#pragma once
#include <cstdint>
#include <span>

#include "kernels/common/backend.h"
#include "kernels/common/float16.h"

namespace cudenza::kernels {

template <class T> struct Addition {
  acc_t<T>* sum;
  const T* term;
  int64_t count;
};

/// No two sums may overlap.
template <class T> void accumulate(Reference, std::span<const Addition<T>>);
template <class T> void accumulate(Cpu, std::span<const Addition<T>>);
template <class T> void accumulate(Gpu, std::span<const Addition<T>>);

}  // namespace cudenza::kernels
