/// How the CPU loops share their work among threads.
#pragma once
#include <omp.h>

#include <cstdint>

#include "kernels/common/extents.h"
#include "kernels/common/first_failure.h"

namespace cudenza::kernels {

/// Work below this many element visits is not worth waking threads for.
constexpr int64_t kParallelGrain = 16 * 1024;

/// Calls f(begin, end): one copy of its code for every piece, since two copies may be compiled to round differently.
template <class F> [[gnu::noinline, gnu::noclone]] void run_piece(F& f, int64_t begin, int64_t end) { f(begin, end); }

/// Calls f(begin, end) on pieces of [0, count), one a thread; on one piece if `count * cost` is under the grain. The
/// pieces' borders are multiples of `align`, and depend on the number of threads alone. What f throws (no memory for a buffer) is
/// thrown by the calling thread, when all pieces are done.
template <class F> void parallel_ranges(int64_t count, int64_t cost, F&& f, int64_t align = 1) {
  if (count <= 0) return;
  const int64_t threads = omp_in_parallel() || count * cost < kParallelGrain ? 1 : omp_get_max_threads();
  const int64_t piece = ceil_div(ceil_div(count, threads), align) * align;
  const int pieces = static_cast<int>(ceil_div(count, piece));
  if (pieces == 1) return run_piece(f, 0, count);
  FirstFailure failure;
#pragma omp parallel for schedule(static, 1) num_threads(pieces)
  for (int i = 0; i < pieces; ++i) failure.guard([&] { run_piece(f, i * piece, smaller((i + 1) * piece, count)); });
  failure.rethrow();
}

}  // namespace cudenza::kernels
