/// Sums of reduce.h as loops (of rows: reduce_rows_reference.cpp). They are taken in double: how they are rounded is not what it
/// judges.
#include "kernels/reduce/reduce_instances.h"

namespace cudenza::kernels {
namespace {

/// U(A(scale * sum over k of term(k))).
template <class U, class A, class Term> U scaled_sum(double scale, int64_t count, Term term) {
  double sum = 0;
  for (int64_t k = 0; k < count; ++k) sum += term(k);
  return static_cast<U>(static_cast<A>(scale * sum));
}

}  // namespace

template <class T, class U> void sum_rows(Reference, const T* x, U* y, const RowsShape& s, double scale, void*) {
#pragma omp parallel for collapse(2)
  for (int64_t b = 0; b < s.batch; ++b) {
    for (int64_t c = 0; c < s.channels; ++c) {
      y[b * s.channels + c] = scaled_sum<U, acc_t<T>>(
          scale, s.rows, [=](int64_t r) { return static_cast<double>(x[(b * s.rows + r) * s.channels + c]); });
    }
  }
}

template <class T, class U>
void sum_rows_of_products(Reference, const T* x, const T* z, U* y, const RowsShape& s, double scale, void*) {
#pragma omp parallel for collapse(2)
  for (int64_t b = 0; b < s.batch; ++b) {
    for (int64_t c = 0; c < s.channels; ++c) {
      y[b * s.channels + c] = scaled_sum<U, acc_t<T>>(scale, s.rows, [=](int64_t r) {
        const int64_t i = (b * s.rows + r) * s.channels + c;
        return static_cast<double>(x[i]) * static_cast<double>(z[i]);
      });
    }
  }
}

template <class T, class U> void broadcast_rows(Reference, const U* x, T* y, const RowsShape& s, double scale) {
  using A = acc_t<T>;
#pragma omp parallel for collapse(2)
  for (int64_t b = 0; b < s.batch; ++b) {
    for (int64_t r = 0; r < s.rows; ++r) {
      for (int64_t c = 0; c < s.channels; ++c)
        y[(b * s.rows + r) * s.channels + c] = static_cast<T>(static_cast<A>(scale) * static_cast<A>(x[b * s.channels + c]));
    }
  }
}

template <class T> void sum_all(Reference, const T* x, acc_t<T>* y, int64_t count, double scale, void*) {
  using A = acc_t<T>;
  *y = scaled_sum<A, A>(scale, count, [=](int64_t i) { return static_cast<double>(x[i]); });
}

template <class T> void sum_squares(Reference, const T* x, acc_t<T>* y, int64_t count, void*) {
  using A = acc_t<T>;
  *y = scaled_sum<A, A>(1, count, [=](int64_t i) { return static_cast<double>(x[i]) * static_cast<double>(x[i]); });
}

CUDENZA_REDUCE_SUMS(Reference, float)
CUDENZA_REDUCE_SUMS(Reference, bf16)
CUDENZA_REDUCE_SUMS(Reference, f16)
CUDENZA_REDUCE_SUMS(Reference, double)
CUDENZA_REDUCE_TO(Reference, bf16, float)
CUDENZA_REDUCE_TO(Reference, f16, float)

}  // namespace cudenza::kernels
