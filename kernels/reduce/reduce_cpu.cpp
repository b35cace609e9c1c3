#include <cstring>

#include "kernels/reduce/reduce_instances.h"
#include "kernels/reduce/reduce_math.h"
#include "kernels/reduce/row_largest.h"
#include "kernels/reduce/row_shares.h"
#include "kernels/simd/fetch_ahead.h"
#include "kernels/simd/streaming.h"

namespace cudenza::kernels {
namespace {

/// Elements of a row that are added together: 4 KiB, so that memory is read by whole pages.
template <class T> constexpr int64_t kStrip = 4096 / sizeof(T);

template <class Term, class Pair> Pair pair_of(Term term, Pair x, Pair z) {
  return {term(x.first, z.first), term(x.second, z.second)};
}

// acc[i] += term of so many rows, read together: it spares most of the traffic to and from acc, and adds more accurately. Whole
// pairs of registers go to acc as they are loaded.
template <int kRows, class Term, class T>
void add_to_strip(Term term, const T* x, const T* z, acc_t<T>* acc, int64_t count, int64_t stride) {
  using A = acc_t<T>;
  const auto pair = [=](int64_t i) { return pair_of(term, simd_load_pair(x + i), simd_load_pair((Term::kOfTwo ? z : x) + i)); };
  const auto single = [=](int64_t i) { return term(static_cast<A>(x[i]), static_cast<A>(Term::kOfTwo ? z[i] : x[i])); };
  const auto add = [=](auto at, auto sum, int64_t i) {
    if constexpr (kRows == 4) return sum + ((at(i) + at(i + stride)) + (at(i + 2 * stride) + at(i + 3 * stride)));
    else return sum + at(i);
  };
  int64_t i = 0;
  for (; i + kSimdPair<A> <= count; i += kSimdPair<A>) {
    for (int k = 0; k < kRows; ++k) {
      const int64_t next = i + (kRows + k) * stride;
      fetch_ahead(x + next, kSimdPair<A> * static_cast<int64_t>(sizeof(T)));
      if (Term::kOfTwo) fetch_ahead(z + next, kSimdPair<A> * static_cast<int64_t>(sizeof(T)));
    }
    simd_store_kept<T>(acc + i, add(pair, simd_load_kept<T>(acc + i), i));
  }
  for (; i < count; ++i) acc[i] = add(single, acc[i], i);
}

// sums[c] += term over all rows. A row here is `width` long: one of the array's, or several short ones side by side.
template <class Term, class T>
void add_rows(Term term, const T* x, const T* z, double* sums, int64_t rows, int64_t width, int64_t channels) {
  using A = acc_t<T>;
  A acc[kStrip<T>];
  for (int64_t row = 0; row < rows; row += kShortSum) {
    const int64_t end = smaller(row + kShortSum, rows);
    for (int64_t strip = 0; strip < width; strip += kStrip<T>) {
      const int64_t count = smaller(kStrip<T>, width - strip);
      for (int64_t i = 0; i < count; ++i) acc[i] = 0;
      int64_t r = row;
      for (; r + 4 <= end; r += 4) add_to_strip<4>(term, x + r * width + strip, z + r * width + strip, acc, count, width);
      for (; r < end; ++r) add_to_strip<1>(term, x + r * width + strip, z + r * width + strip, acc, count, width);
      simd_pairs_to_elements<T>(acc, count);
      for (int64_t first = 0; first < count; first += channels) {
        const int64_t length = smaller(channels, count - first);
        for (int64_t c = 0; c < length; ++c) sums[strip + c] += acc[first + c];  // several rows side by side are one strip
      }
    }
  }
}

// Short rows are walked several at a time, so that the inner loop is long.
template <class Term, class T> void add_share(Term term, const T* x, const T* z, double* sums, int64_t rows, int64_t channels) {
  const int64_t together = larger<int64_t>(kStrip<T> / channels, 1), whole = rows / together, done = whole * together * channels;
  add_rows(term, x, z, sums, whole, together * channels, channels);
  add_rows(term, x + done, z + done, sums, rows - whole * together, channels, channels);
}

template <class Term, class T, class U>
void sum_rows_of(Term term, const T* x, const T* z, U* y, const RowsShape& s, double scale, void* workspace) {
  double* const partial = static_cast<double*>(workspace);
  if (s.batch * s.channels == 0) return;
  sum_shares(s, partial, [=, channels = s.channels](int64_t /*item*/, int64_t offset, int64_t rows, double* sums) {
    add_share(term, x + offset, z + offset, sums, rows, channels);
  });
  join_shares<acc_t<T>>(s, partial, y, scale);
}

// place[0, count) = scale * x[(first + k) % channels]: the first round by computing, the others by copying what is there.
template <class T, class U> void repeat(const U* x, T* place, int64_t first, int64_t count, int64_t channels, double scale) {
  using A = acc_t<T>;
  const A factor = static_cast<A>(scale);
  const int64_t until_wrap = smaller(channels - first, count), once = smaller(channels, count);
#pragma omp simd
  for (int64_t k = 0; k < until_wrap; ++k) place[k] = factor * static_cast<A>(x[first + k]);
#pragma omp simd
  for (int64_t k = until_wrap; k < once; ++k) place[k] = factor * static_cast<A>(x[k - until_wrap]);
  for (int64_t done = once; done < count; done *= 2) {
    std::memcpy(place + done, place, static_cast<size_t>(smaller(done, count - done)) * sizeof(T));
  }
}

// The sum of x[0, count): kLanes sums side by side, each about kShortSum terms long, joined by pairs and then in double.
template <class Term, class T> double sum_of(Term term, const T* x, int64_t count) {
  using A = acc_t<T>;
  constexpr int64_t kPair = kSimdPair<A>, kLanes = 4 * kPair, kBlock = kLanes * kShortSum;
  const auto pair = [=](int64_t i) { return pair_of(term, simd_load_pair(x + i), simd_load_pair(x + i)); };
  double total = 0;
  int64_t i = 0;
  while (i + kPair <= count) {
    PairOf<T> a, b, c, d;
    const int64_t end = smaller(i + kBlock, count);
    for (; i + kLanes <= end; i += kLanes)
      a = a + pair(i), b = b + pair(i + kPair), c = c + pair(i + 2 * kPair), d = d + pair(i + 3 * kPair);
    for (; i + kPair <= end; i += kPair) a = a + pair(i);
    const PairOf<T> all = (a + b) + (c + d);
    for (int k = 0; k < kSimd<A>; ++k) total += all.first[k] + all.second[k];
  }
  for (; i < count; ++i) total += term(static_cast<A>(x[i]), A(0));
  return total;
}

/// The work of sum_all: like one item's rows of one channel.
RowShares shares_of_all(int64_t count) { return RowShares({.rows = count, .channels = 1}); }

template <class Term, class T> void sum_all_of(Term term, const T* x, acc_t<T>* y, int64_t count, double scale, void* workspace) {
  const auto [shares, length] = shares_of_all(count);
  double* partial = static_cast<double*>(workspace);
  parallel_ranges(shares, smaller(length, count), [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) partial[i] = sum_of(term, x + i * length, smaller(length, count - i * length));
  });
  double total = 0;
  for (int64_t i = 0; i < shares; ++i) total += partial[i];
  *y = static_cast<acc_t<T>>(scale * total);
}

template <class T, class U, class F> void each_row(const T* x, U* y, int64_t rows, int64_t channels, F f) {
  parallel_ranges(rows, channels, [=](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) y[row] = static_cast<U>(f(x + row * channels, channels));
  });
}

}  // namespace

size_t sum_rows_workspace_bytes(Cpu, const RowsShape& s) {
  return static_cast<size_t>(s.batch * RowShares(s).count * s.channels) * sizeof(double);
}

size_t sum_all_workspace_bytes(Cpu, int64_t count) { return static_cast<size_t>(shares_of_all(count).count) * sizeof(double); }

template <class T, class U> void sum_rows(Cpu, const T* x, U* y, const RowsShape& s, double scale, void* workspace) {
  sum_rows_of(Value{}, x, x, y, s, scale, workspace);
}

template <class T, class U>
void sum_rows_of_products(Cpu, const T* x, const T* z, U* y, const RowsShape& s, double scale, void* workspace) {
  sum_rows_of(Product{}, x, z, y, s, scale, workspace);
}

template <class T, class U> void broadcast_rows(Cpu, const U* x, T* y, const RowsShape& s, double scale) {
  constexpr int64_t kPiece = 8192 / sizeof(T);  // long enough for most of it to be copied
  const int64_t size = s.rows * s.channels;
  parallel_fill_by<kPiece>(y, s.batch * size, 1, [=](T* place, int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end;) {  // one item after another
      const int64_t item = i / size, count = smaller(end, (item + 1) * size) - i;
      repeat(x + item * s.channels, place + (i - begin), i % s.channels, count, s.channels, scale);
      i += count;
    }
  });
}

template <class T> void sum_all(Cpu, const T* x, acc_t<T>* y, int64_t count, double scale, void* workspace) {
  sum_all_of(Value{}, x, y, count, scale, workspace);
}

template <class T> void sum_squares(Cpu, const T* x, acc_t<T>* y, int64_t count, void* workspace) {
  sum_all_of(Square{}, x, y, count, 1, workspace);
}

template <class T> void row_sum(Cpu, const T* x, acc_t<T>* y, int64_t rows, int64_t channels) {
  each_row(x, y, rows, channels, [](const T* row, int64_t count) { return sum_of(Value{}, row, count); });
}

template <class T> void row_max(Cpu, const T* x, T* y, int64_t rows, int64_t channels) {
  each_row(x, y, rows, channels, max_of<T>);
}

template <class T> void row_argmax(Cpu, const T* x, int64_t* y, int64_t rows, int64_t channels) {
  each_row(x, y, rows, channels, argmax_of<T>);
}

CUDENZA_REDUCE(Cpu)

}  // namespace cudenza::kernels
