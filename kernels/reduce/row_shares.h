/// How the CPU shares out sums over rows: each item's rows are cut in shares that are summed apart, in double, and joined in
/// order. The cut depends on the shape alone, so that no result depends on the threads.
#pragma once
#include "kernels/common/parallel.h"
#include "kernels/reduce/reduce.h"

namespace cudenza::kernels {

constexpr int64_t kRowStrip = 1024;  ///< accumulators that the first-level cache holds beside the rows that stream through
constexpr int64_t kShortSum = 32;    ///< terms that are added in acc_t before they go to a sum in double

struct RowShares {
  int64_t count, rows;  ///< shares of an item; rows of a share, the last may have fewer

  explicit RowShares(const RowsShape& s) {
    constexpr int64_t kShares = 64;  // about so many in all
    const int64_t wanted = ceil_div(kShares, larger<int64_t>(s.batch, 1));
    const int64_t grain = ceil_div(kParallelGrain, larger<int64_t>(s.channels, 1));
    rows = larger(ceil_div(s.rows, wanted), grain);
    count = larger<int64_t>(ceil_div(s.rows, rows), 1);
  }
};

/// Calls sum(item, offset, rows, sums) for each share: its first element, its rows, and where its sums over them go, one a
/// channel, set to zero. partial has room for [batch, shares, channels].
template <class Sum> void sum_shares(const RowsShape& s, double* partial, Sum sum) {
  const RowShares shares(s);
  parallel_ranges(s.batch * shares.count, smaller(shares.rows, s.rows) * s.channels, [=](int64_t begin, int64_t end) {
    for (int64_t share = begin; share < end; ++share) {
      const int64_t item = share / shares.count, first = share % shares.count * shares.rows;
      double* const sums = partial + share * s.channels;
      for (int64_t c = 0; c < s.channels; ++c) sums[c] = 0;
      sum(item, (item * s.rows + first) * s.channels, smaller(shares.rows, s.rows - first), sums);
    }
  });
}

/// y[b,c] = scale * sum over the shares, rounded to A and then to U.
template <class A, class U> void join_shares(const RowsShape& s, double* partial, U* y, double scale) {
  const RowShares shares(s);
  parallel_ranges(s.batch, shares.count * s.channels, [=](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      double* const total = partial + item * shares.count * s.channels;
      for (int64_t share = 1; share < shares.count; ++share) {
        for (int64_t c = 0; c < s.channels; ++c) total[c] += total[share * s.channels + c];
      }
      for (int64_t c = 0; c < s.channels; ++c) y[item * s.channels + c] = static_cast<U>(static_cast<A>(scale * total[c]));
    }
  });
}

}  // namespace cudenza::kernels
