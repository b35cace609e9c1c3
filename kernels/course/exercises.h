/// What the exercises' functions are called, one each. Their names are C's: the judge finds them by name in a library that holds
/// one exercise, and a changed signature does not compile.
///
/// Arrays lie in the memory of the device and begin at multiples of 4096 bytes. Matrices are stored row by row: x[i,j] of
/// x [rows, columns] is x[i * columns + j].
#pragma once
#include "kernels/common/extents.h"
#include "kernels/common/launch.h"
#include "kernels/common/math.h"

namespace cudenza::course {

using namespace kernels;  // launch, Gpu, ceil_div, larger, smaller, exp_of, sqrt_of

extern "C" {
void course_map(Gpu, const float* x, float* y, int n, float a, float b);
void course_bounds(Gpu, const float* x, float* y, int n);
void course_stride(Gpu, const float* x, float* y, int n);
void course_index(Gpu, const float* x, const float* u, const float* v, float* y, int rows, int columns);
void course_coalescing(Gpu, const float* x, const float* bias, float* y, int rows, int columns);
void course_packs(Gpu, const float* x, float* y, int n, float a, float b);
void course_transpose(Gpu, const float* x, float* y, int rows, int columns);
void course_banks(Gpu, const float* x, float* y, int rows, int columns);
void course_block_sum(Gpu, const float* x, float* partial, int n);
void course_warp_sum(Gpu, const float* x, float* y, int rows, int columns);
void course_whole_sum(Gpu, const float* x, float* partial, float* y, int n);
void course_sums(Gpu, const float* x, float* row_sums, float* column_sums, int rows, int columns);
void course_softmax(Gpu, const float* x, float* y, int rows, int columns);
void course_online_softmax(Gpu, const float* x, float* y, int rows, int columns);
void course_welford(Gpu, const float* x, float* mean, float* variance, int rows, int columns);
void course_batch_norm(Gpu, const float* x, const float* mean, const float* inv_std, const float* gamma, const float* beta,
                       float* y, int rows, int channels);
void course_max_pool(Gpu, const float* x, float* y, int* winner, int batch, int height, int width, int channels);
void course_scan(Gpu, const float* x, float* y, int rows, int columns);
void course_depthwise(Gpu, const float* x, const float* w, float* y, int planes, int height, int width);
void course_matmul(Gpu, const float* a, const float* b, float* c, int m, int n, int k);
}

}  // namespace cudenza::course
