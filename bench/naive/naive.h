/// The first kernel one would write for each memory-bound job: right, readable, slow. Benchmarks run them beside the ones in
/// kernels/, so that every trick there shows what it is worth. f32, on a GPU alone.
#pragma once
#include <cstdint>

#include "kernels/common/backend.h"

namespace cudenza::naive {

using kernels::Gpu;

/// y[i] = max(x[i], 0): one element a thread, four bytes a load.
void relu(Gpu, const float* x, float* y, int64_t count);
/// y[c] = sum over r of x[r,c]: one thread a channel, which walks down all rows.
void sum_rows(Gpu, const float* x, float* y, int64_t rows, int64_t channels);
/// mean[c] and biased variance[c] of x [rows, channels]: one thread a channel, two walks.
void statistics(Gpu, const float* x, float* mean, float* variance, int64_t rows, int64_t channels);
/// y[n,j,i] = x[n,i,j]: one element a thread; reads are coalesced, writes are not.
void transpose(Gpu, const float* x, float* y, int64_t batch, int64_t rows, int64_t columns);
/// loss[n] = -log softmax(x[n,:])[label[n]]: one thread a row.
void softmax_xent(Gpu, const float* x, const int64_t* labels, float* loss, int64_t rows, int64_t classes);
/// y[n,i,j,c] = max over a 3x3 window, stride 2, pad 1, of x [n, height, width, channels]: one element a thread.
void max_pool(Gpu, const float* x, float* y, int64_t batch, int64_t height, int64_t width, int64_t channels);

}  // namespace cudenza::naive
