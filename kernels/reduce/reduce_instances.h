/// The types that the reductions are compiled for: the one list that all of their files read.
#pragma once
#include "kernels/reduce/reduce.h"

#define CUDENZA_REDUCE_TO(Where, T, U)                                                                \
  template void sum_rows(Where, const T*, U*, const RowsShape&, double, void*);                       \
  template void sum_rows_of_products(Where, const T*, const T*, U*, const RowsShape&, double, void*); \
  template void broadcast_rows(Where, const U*, T*, const RowsShape&, double);

#define CUDENZA_REDUCE_SUMS(Where, T)                                        \
  CUDENZA_REDUCE_TO(Where, T, T)                                             \
  template void sum_all(Where, const T*, acc_t<T>*, int64_t, double, void*); \
  template void sum_squares(Where, const T*, acc_t<T>*, int64_t, void*);

#define CUDENZA_REDUCE_ROWS(Where, T)                                  \
  template void row_sum(Where, const T*, acc_t<T>*, int64_t, int64_t); \
  template void row_max(Where, const T*, T*, int64_t, int64_t);        \
  template void row_argmax(Where, const T*, int64_t*, int64_t, int64_t);

#define CUDENZA_REDUCE_OF(Where, T) \
  CUDENZA_REDUCE_SUMS(Where, T)     \
  CUDENZA_REDUCE_ROWS(Where, T)

#define CUDENZA_REDUCE(Where)           \
  CUDENZA_REDUCE_OF(Where, float)       \
  CUDENZA_REDUCE_OF(Where, bf16)        \
  CUDENZA_REDUCE_OF(Where, f16)         \
  CUDENZA_REDUCE_TO(Where, bf16, float) \
  CUDENZA_REDUCE_TO(Where, f16, float)
