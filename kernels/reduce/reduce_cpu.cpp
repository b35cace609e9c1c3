#include <cmath>
#include <cstring>

#include "kernels/common/parallel.h"
#include "kernels/reduce/reduce_instances.h"
#include "kernels/reduce/reduce_math.h"

namespace cudenza::kernels {
namespace {

constexpr int64_t kShares = 64;       // the work is cut in about so many, by its shape alone: no result depends on the threads
constexpr int64_t kStrip = 1024;      // accumulators that the first-level cache holds beside the rows that stream through
constexpr int64_t kShortSum = 32;     // terms that are added in acc_t before they go to a sum in double
constexpr int64_t kLanes = 32;        // independent sums of one row: enough to hide an addition's latency
constexpr int64_t kBlock = kLanes * kShortSum;

/// Each item's rows, cut in shares that are summed apart.
struct Cut {
  int64_t shares, rows;
};

Cut cut_rows(const RowsShape& s) {
  const int64_t wanted = ceil_div(kShares, larger<int64_t>(s.batch, 1));
  const int64_t grain = ceil_div(kParallelGrain, larger<int64_t>(s.channels, 1));
  const int64_t rows = larger(ceil_div(s.rows, wanted), grain);
  return {larger<int64_t>(ceil_div(s.rows, rows), 1), rows};
}

// sums[c] += term over all rows. A row here is `width` long: one of the array's, or several short ones side by side.
template <class Term, class T>
void add_rows(Term term, const T* x, const T* z, double* sums, int64_t rows, int64_t width, int64_t channels) {
  using A = acc_t<T>;
  A acc[kStrip];
  for (int64_t row = 0; row < rows; row += kShortSum) {
    const int64_t end = smaller(row + kShortSum, rows);
    for (int64_t strip = 0; strip < width; strip += kStrip) {
      const int64_t count = smaller(kStrip, width - strip);
      for (int64_t i = 0; i < count; ++i) acc[i] = 0;
      for (int64_t r = row; r < end; ++r) {
        const T* x_row = x + r * width + strip;
        const T* z_row = Term::kOfTwo ? z + r * width + strip : x_row;
#pragma omp simd
        for (int64_t i = 0; i < count; ++i) acc[i] += term(static_cast<A>(x_row[i]), static_cast<A>(z_row[i]));
      }
      for (int64_t first = 0; first < count; first += channels) {
        const int64_t length = smaller(channels, count - first);
        for (int64_t c = 0; c < length; ++c) sums[strip + c] += acc[first + c];  // several rows side by side are one strip
      }
    }
  }
}

// sums[c] = sum over rows of one share. Short rows are walked several at a time, so that the inner loop is long.
template <class Term, class T>
void sum_share(Term term, const T* x, const T* z, double* sums, int64_t rows, int64_t channels) {
  for (int64_t c = 0; c < channels; ++c) sums[c] = 0;
  const int64_t together = larger<int64_t>(kStrip / channels, 1), whole = rows / together, done = whole * together * channels;
  add_rows(term, x, z, sums, whole, together * channels, channels);
  add_rows(term, x + done, Term::kOfTwo ? z + done : z, sums, rows - whole * together, channels, channels);
}

template <class Term, class T, class U>
void sum_rows_of(Term term, const T* x, const T* z, U* y, const RowsShape& s, double scale, void* workspace) {
  const auto [shares, share_rows] = cut_rows(s);
  double* partial = static_cast<double*>(workspace);  // [batch, shares, channels]
  if (s.batch * s.channels == 0) return;
  parallel_ranges(s.batch * shares, smaller(share_rows, s.rows) * s.channels, [=](int64_t begin, int64_t end) {
    for (int64_t share = begin; share < end; ++share) {
      const int64_t first = share % shares * share_rows, rows = smaller(share_rows, s.rows - first);
      const int64_t offset = (share / shares * s.rows + first) * s.channels;
      sum_share(term, x + offset, Term::kOfTwo ? z + offset : z, partial + share * s.channels, rows, s.channels);
    }
  });
  parallel_ranges(s.batch, shares * s.channels, [=](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      double* total = partial + item * shares * s.channels;
      for (int64_t share = 1; share < shares; ++share) {
        for (int64_t c = 0; c < s.channels; ++c) total[c] += total[share * s.channels + c];
      }
      for (int64_t c = 0; c < s.channels; ++c) y[item * s.channels + c] = static_cast<U>(static_cast<acc_t<T>>(scale * total[c]));
    }
  });
}

// Writes `row` (one row, already there) again and again behind itself. Copying from the start, in pieces that double while
// they fit the first-level cache, makes short rows as fast as long ones.
template <class T>
void repeat_row(T* row, int64_t rows, int64_t channels) {
  const int64_t total = rows * channels, most = larger<int64_t>(8192 / static_cast<int64_t>(sizeof(T)), channels);
  for (int64_t done = channels; done < total;) {
    const int64_t count = smaller(smaller(done, most / channels * channels), total - done);
    std::memcpy(row + done, row, static_cast<size_t>(count) * sizeof(T));
    done += count;
  }
}

// The sum of x[0, count): kLanes sums side by side, each at most kShortSum terms long, then in double.
template <class Term, class T>
double sum_of(Term term, const T* x, int64_t count) {
  using A = acc_t<T>;
  double total = 0;
  int64_t i = 0;
  while (i + kLanes <= count) {
    A lane[kLanes] = {};
    for (const int64_t end = smaller(i + kBlock, count); i + kLanes <= end; i += kLanes) {
#pragma omp simd
      for (int64_t k = 0; k < kLanes; ++k) lane[k] += term(static_cast<A>(x[i + k]), A(0));
    }
    for (const A sum : lane) total += sum;
  }
  for (; i < count; ++i) total += term(static_cast<A>(x[i]), A(0));
  return total;
}

// max of x[0, count), count > 0.
template <class T>
acc_t<T> max_of(const T* x, int64_t count) {
  using A = acc_t<T>;
  A best = static_cast<A>(x[0]);
  int64_t i = 0;
  if (count >= kLanes) {
    A lane[kLanes];
    for (A& largest : lane) largest = best;
    for (; i + kLanes <= count; i += kLanes) {
#pragma omp simd
      for (int64_t k = 0; k < kLanes; ++k) lane[k] = larger_or_nan(lane[k], static_cast<A>(x[i + k]));
    }
    for (const A largest : lane) best = larger_or_nan(best, largest);
  }
  for (; i < count; ++i) best = larger_or_nan(best, static_cast<A>(x[i]));
  return best;
}

// Where the first maximum of x[0, count) is: first the block that holds it, which vectorises, then its place there.
template <class T>
int64_t argmax_of(const T* x, int64_t count) {
  using A = acc_t<T>;
  const auto same = [](A a, A b) { return a == b || (a != a && b != b); };
  int64_t block = 0;
  A best = max_of(x, smaller(kBlock, count));
  for (int64_t i = kBlock; i < count && best == best; i += kBlock) {
    const A largest = max_of(x + i, smaller(kBlock, count - i));
    if (same(larger_or_nan(best, largest), best)) continue;
    best = largest;
    block = i;
  }
  while (!same(static_cast<A>(x[block]), best)) ++block;
  return block;
}

/// The work of sum_all: like one item's rows of one channel.
Cut cut_all(int64_t count) { return cut_rows({.rows = count, .channels = 1}); }

template <class Term, class T>
void sum_all_of(Term term, const T* x, acc_t<T>* y, int64_t count, double scale, void* workspace) {
  const auto [shares, length] = cut_all(count);
  double* partial = static_cast<double*>(workspace);
  parallel_ranges(shares, smaller(length, count), [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) partial[i] = sum_of(term, x + i * length, smaller(length, count - i * length));
  });
  double total = 0;
  for (int64_t i = 0; i < shares; ++i) total += partial[i];
  *y = static_cast<acc_t<T>>(scale * total);
}

template <class T, class U, class F>
void each_row(const T* x, U* y, int64_t rows, int64_t channels, F f) {
  parallel_ranges(rows, channels, [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) y[row] = static_cast<U>(f(x + row * channels, channels));
  });
}

}  // namespace

size_t sum_rows_workspace_bytes(Cpu, const RowsShape& s) {
  return static_cast<size_t>(s.batch * cut_rows(s).shares * s.channels) * sizeof(double);
}

size_t sum_all_workspace_bytes(Cpu, int64_t count) { return static_cast<size_t>(cut_all(count).shares) * sizeof(double); }

template <class T, class U>
void sum_rows(Cpu, const T* x, U* y, const RowsShape& s, double scale, void* workspace) {
  sum_rows_of(Value{}, x, x, y, s, scale, workspace);
}

template <class T, class U>
void sum_rows_of_products(Cpu, const T* x, const T* z, U* y, const RowsShape& s, double scale, void* workspace) {
  sum_rows_of(Product{}, x, z, y, s, scale, workspace);
}

template <class T, class U>
void broadcast_rows(Cpu, const U* x, T* y, const RowsShape& s, double scale) {
  using A = acc_t<T>;
  parallel_ranges(s.batch * s.rows, s.channels, [=](int64_t begin, int64_t end) {
    while (begin < end) {  // the rows of one item after another
      const int64_t item = begin / s.rows, rows = smaller(end, (item + 1) * s.rows) - begin;
      T* first = y + begin * s.channels;
      const U* value = x + item * s.channels;
      for (int64_t c = 0; c < s.channels; ++c) first[c] = static_cast<T>(static_cast<A>(scale) * static_cast<A>(value[c]));
      repeat_row(first, rows, s.channels);
      begin += rows;
    }
  });
}

template <class T>
void sum_all(Cpu, const T* x, acc_t<T>* y, int64_t count, double scale, void* workspace) {
  sum_all_of(Value{}, x, y, count, scale, workspace);
}

template <class T>
void sum_squares(Cpu, const T* x, acc_t<T>* y, int64_t count, void* workspace) {
  sum_all_of(Square{}, x, y, count, 1, workspace);
}

template <class T>
void row_sum(Cpu, const T* x, acc_t<T>* y, int64_t rows, int64_t channels) {
  each_row(x, y, rows, channels, [](const T* row, int64_t count) { return sum_of(Value{}, row, count); });
}

template <class T>
void row_max(Cpu, const T* x, T* y, int64_t rows, int64_t channels) {
  each_row(x, y, rows, channels, max_of<T>);
}

template <class T>
void row_argmax(Cpu, const T* x, int64_t* y, int64_t rows, int64_t channels) {
  each_row(x, y, rows, channels, argmax_of<T>);
}

CUDENZA_REDUCE(Cpu)
CUDENZA_REDUCE_OF(Cpu, double)

}  // namespace cudenza::kernels
