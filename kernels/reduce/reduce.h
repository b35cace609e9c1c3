/// Sums, means and largest values of dense arrays, and the way back: one value repeated over what it was the sum of.
///
///   sum_rows              y[b,c]   = scale * sum over r of x[b,r,c]             the gradient of a bias; a spatial mean
///   sum_rows_of_products  y[b,c]   = scale * sum over r of x[b,r,c] z[b,r,c]    the gradient of a factor
///   broadcast_rows        y[b,r,c] = scale * x[b,c]                             the gradient of sum_rows
///   sum_all               y        = scale * sum over i of x[i]
///   sum_squares           y        = sum over i of x[i]^2
///   row_sum               y[r]     = sum over c of x[r,c]
///   row_max               y[r]     = max over c of x[r,c]                       NaN counts as the largest, so that it shows
///   row_argmax            y[r]     = the first c where x[r,c] is that maximum
///
/// Sums are taken in acc_t<T>, in a fixed order: the same bits every time, on the CPU for any number of threads. There a long
/// f32 sum is a double sum of short f32 sums. Long sums have two stages; the values between them go to `workspace`, which
/// holds the number of bytes that the function beside it asks for (16-byte aligned; null if that is 0).
#pragma once
#include <cstddef>
#include <cstdint>

#include "kernels/common/backend.h"
#include "kernels/common/float16.h"

namespace cudenza::kernels {

/// A dense [batch, rows, channels] array: pictures are [N, H*W, C], a matrix is one item of its rows.
struct RowsShape {
  int64_t batch = 1, rows = 0, channels = 0;
};

inline size_t sum_rows_workspace_bytes(Reference, const RowsShape&) { return 0; }
size_t sum_rows_workspace_bytes(Cpu, const RowsShape&);
size_t sum_rows_workspace_bytes(Gpu, const RowsShape&);

/// U is T or acc_t<T>.
template <class T, class U> void sum_rows(Reference, const T* x, U* y, const RowsShape&, double scale, void* workspace);
template <class T, class U> void sum_rows(Cpu, const T* x, U* y, const RowsShape&, double scale, void* workspace);
template <class T, class U> void sum_rows(Gpu, const T* x, U* y, const RowsShape&, double scale, void* workspace);

template <class T, class U>
void sum_rows_of_products(Reference, const T* x, const T* z, U* y, const RowsShape&, double scale, void* workspace);
template <class T, class U>
void sum_rows_of_products(Cpu, const T* x, const T* z, U* y, const RowsShape&, double scale, void* workspace);
template <class T, class U>
void sum_rows_of_products(Gpu, const T* x, const T* z, U* y, const RowsShape&, double scale, void* workspace);

/// x is [batch, channels]; U is T or acc_t<T>.
template <class T, class U> void broadcast_rows(Reference, const U* x, T* y, const RowsShape&, double scale);
template <class T, class U> void broadcast_rows(Cpu, const U* x, T* y, const RowsShape&, double scale);
template <class T, class U> void broadcast_rows(Gpu, const U* x, T* y, const RowsShape&, double scale);

inline size_t sum_all_workspace_bytes(Reference, int64_t) { return 0; }
size_t sum_all_workspace_bytes(Cpu, int64_t count);
size_t sum_all_workspace_bytes(Gpu, int64_t count);

template <class T> void sum_all(Reference, const T* x, acc_t<T>* y, int64_t count, double scale, void* workspace);
template <class T> void sum_all(Cpu, const T* x, acc_t<T>* y, int64_t count, double scale, void* workspace);
template <class T> void sum_all(Gpu, const T* x, acc_t<T>* y, int64_t count, double scale, void* workspace);

template <class T> void sum_squares(Reference, const T* x, acc_t<T>* y, int64_t count, void* workspace);
template <class T> void sum_squares(Cpu, const T* x, acc_t<T>* y, int64_t count, void* workspace);
template <class T> void sum_squares(Gpu, const T* x, acc_t<T>* y, int64_t count, void* workspace);

template <class T> void row_sum(Reference, const T* x, acc_t<T>* y, int64_t rows, int64_t channels);
template <class T> void row_sum(Cpu, const T* x, acc_t<T>* y, int64_t rows, int64_t channels);
template <class T> void row_sum(Gpu, const T* x, acc_t<T>* y, int64_t rows, int64_t channels);

/// REQUIRES 0 < channels < 2^32, as row_argmax does.
template <class T> void row_max(Reference, const T* x, T* y, int64_t rows, int64_t channels);
template <class T> void row_max(Cpu, const T* x, T* y, int64_t rows, int64_t channels);
template <class T> void row_max(Gpu, const T* x, T* y, int64_t rows, int64_t channels);

template <class T> void row_argmax(Reference, const T* x, int64_t* y, int64_t rows, int64_t channels);
template <class T> void row_argmax(Cpu, const T* x, int64_t* y, int64_t rows, int64_t channels);
template <class T> void row_argmax(Gpu, const T* x, int64_t* y, int64_t rows, int64_t channels);

}  // namespace cudenza::kernels
