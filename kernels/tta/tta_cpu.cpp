#include <algorithm>
#include <limits>
#include <vector>

#include "kernels/common/parallel.h"
#include "kernels/simd/short_rows.h"
#include "kernels/simd/simd_math.h"
#include "kernels/tta/tta_instances.h"
#include "kernels/tta/tta_math.h"

namespace cudenza::kernels {
namespace {

/// terms[c] = e^(x[c] - largest); returns 1 / their sum.
template <class T, class A> A softmax_terms(const T* x, A* terms, int64_t classes) {
  A largest = static_cast<A>(x[0]);
#pragma omp simd reduction(max : largest)
  for (int64_t c = 1; c < classes; ++c) largest = larger(largest, static_cast<A>(x[c]));
  Simd<A> sums{};
  simd_for<A>(classes, [&](int64_t c, auto lanes) {
    simd_store(terms + c, simd_exp(simd_load(x + c, lanes) - largest), lanes);
    sums += simd_load(terms + c, lanes);
  });
  return A(1) / simd_joined<A>(sums, [](Simd<A> a, Simd<A> b) { return a + b; });
}

/// y of up to kTile short rows side by side; x(pass) are the first one's logits.
template <class T, class X> void join_short(const TtaRule& rule, X x, int64_t passes, int rows, int classes, acc_t<T>* y) {
  using A = acc_t<T>;
  Columns<A> result(y, 0, classes);
  RowNumbers<A> total(0);
  for (int64_t pass = 0; pass < passes; ++pass) {
    Columns<T> terms(x(pass), rows, classes);
    RowNumbers<A> largest(std::numeric_limits<A>::lowest()), sum(0);
    for (int c = 0; c < classes; ++c) {
      for (int n = 0; n < kTile; ++n) largest[n] = larger(largest[n], terms[c][n]);
    }
    for (int c = 0; c < classes; ++c) {
      for (int n = 0; n < kTile; n += kSimd<A>) {
        const Simd<A> term = simd_exp(simd_load(terms[c].row + n) - simd_load(largest.row + n));
        simd_store(terms[c].row + n, term);
        simd_store(sum.row + n, simd_load(sum.row + n) + term);
      }
    }
    for (int n = 0; n < kTile; ++n) sum[n] = A(1) / sum[n];
    for (int c = 0; c < classes; ++c) {
      for (int n = 0; n < kTile; ++n) result[c][n] = joined(rule, result[c][n], terms[c][n] * sum[n], pass == 0);
    }
  }
  if (rule.takes_largest) {
    for (int c = 0; c < classes; ++c) {
      for (int n = 0; n < kTile; ++n) total[n] += result[c][n];
    }
    for (int c = 0; c < classes; ++c) {
      for (int n = 0; n < kTile; ++n) result[c][n] *= A(1) / total[n];
    }
  }
  result.to_rows(y, rows, classes);
}

}  // namespace

template <class T>
void tta_probabilities(Cpu, const TtaRule& rule, const T* plain, const T* variants, acc_t<T>* y, int64_t rows, int64_t classes,
                       int64_t passes) {
  using A = acc_t<T>;
  parallel_ranges(rows, 4 * passes * classes, [=](int64_t first, int64_t last) {
    const auto logits = [=](int64_t pass, int64_t b) {
      return pass == 0 ? plain + b * classes : variants + ((pass - 1) * rows + b) * classes;
    };
    if (classes <= kShortRow) {
      return for_row_blocks(first, last, [=](int64_t b, int block) {
        join_short<T>(
            rule, [=](int64_t pass) { return logits(pass, b); }, passes, block, static_cast<int>(classes), y + b * classes);
      });
    }
    std::vector<A> terms(static_cast<size_t>(classes));
    A* const term = terms.data();
    for (int64_t b = first; b < last; ++b) {
      A* const row = y + b * classes;
      std::fill_n(row, classes, A(0));
      for (int64_t pass = 0; pass < passes; ++pass) {
        const A factor = softmax_terms(logits(pass, b), term, classes);
#pragma omp simd
        for (int64_t c = 0; c < classes; ++c) row[c] = joined(rule, row[c], term[c] * factor, pass == 0);
      }
      if (!rule.takes_largest) continue;
      A sum = 0;
      for (int64_t c = 0; c < classes; ++c) sum += row[c];
      for (int64_t c = 0; c < classes; ++c) row[c] *= A(1) / sum;
    }
  });
}

CUDENZA_TTA(Cpu, float)
CUDENZA_TTA(Cpu, bf16)
CUDENZA_TTA(Cpu, f16)

}  // namespace cudenza::kernels
