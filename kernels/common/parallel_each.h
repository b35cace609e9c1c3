/// Tasks of unequal length, shared among threads: files to read, pictures to make.
#pragma once
#include <omp.h>

#include <cstdint>

#include "kernels/common/first_failure.h"

namespace cudenza::kernels {

/// Calls f(i) for every i of [0, count), each on the thread that is free first; on `threads` of them, 0: as many as there are.
/// Once a call has thrown, no other is begun, and the calling thread throws the same.
template <class F> void parallel_each(int64_t count, F&& f, [[maybe_unused]] int threads = 0) {
  FirstFailure failure;
#pragma omp parallel for schedule(dynamic) num_threads(threads > 0 ? threads : omp_get_max_threads())
  for (int64_t i = 0; i < count; ++i) {
    if (!failure.happened()) failure.guard([&] { f(i); });
  }
  failure.rethrow();
}

}  // namespace cudenza::kernels
