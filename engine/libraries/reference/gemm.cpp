#include "engine/libraries/gemm.h"

#include <algorithm>
#include <vector>

#include "engine/core/dispatch.h"
#include "kernels/common/parallel.h"

namespace cudenza {
namespace {

/// Rows of y computed together, so that b is read once for all of them.
constexpr int64_t kRowsAtOnce = 16;

/// Rows [begin, end) of y, at most kRowsAtOnce.
template <class T>
void product_rows(const GemmShape& g, const T* a, const T* b, T* y, const acc_t<T>* bias, int64_t begin, int64_t end) {
  using A = acc_t<T>;
  std::vector<A> a_rows((end - begin) * g.k), sums((end - begin) * g.n);
  for (int64_t m = begin; m < end; ++m) {
    for (int64_t k = 0; k < g.k; ++k)
      a_rows[(m - begin) * g.k + k] = static_cast<A>(g.transpose_a ? a[k * g.m + m] : a[m * g.k + k]);
    if (bias) std::copy(bias, bias + g.n, sums.begin() + (m - begin) * g.n);
  }
  if (g.transpose_b) {
    for (int64_t n = 0; n < g.n; ++n) {
      for (int64_t m = 0; m < end - begin; ++m) {
        A sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t k = 0; k < g.k; ++k) sum += a_rows[m * g.k + k] * static_cast<A>(b[n * g.k + k]);
        sums[m * g.n + n] += sum;
      }
    }
  } else {
    for (int64_t k = 0; k < g.k; ++k) {
      for (int64_t m = 0; m < end - begin; ++m) {
        const A factor = a_rows[m * g.k + k];
#pragma omp simd
        for (int64_t n = 0; n < g.n; ++n) sums[m * g.n + n] += factor * static_cast<A>(b[k * g.n + n]);
      }
    }
  }
  std::transform(sums.begin(), sums.end(), y + begin * g.n, [](A sum) { return static_cast<T>(sum); });
}

}  // namespace

void gemm_reference(const GemmShape& g, const void* a, const void* b, void* y, const void* bias) {
  dispatch_floating("gemm", g.dtype, [&]<class T>() {
    kernels::parallel_ranges(g.m, g.n * g.k, [&](int64_t begin, int64_t end) {
      for (int64_t m = begin; m < end; m += kRowsAtOnce) {
        product_rows(g, static_cast<const T*>(a), static_cast<const T*>(b), static_cast<T*>(y),
                     static_cast<const acc_t<T>*>(bias), m, std::min(m + kRowsAtOnce, end));
      }
    });
  });
}

}  // namespace cudenza
