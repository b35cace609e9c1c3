// Solution of exercise 8: the same without bank conflicts.
// With rows of 33 words, the words of a column lie 33 apart: in banks 0, 1, 2, ... The 33rd word of a row is never used.
//
// The project's own: kernels/layout/layout_cuda.cu:23-40 (transpose_kernel)
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kTile = 32, kTileRows = 8, kThreads = kTile * kTileRows;
constexpr int kPitch = kTile + 1;  // words from one row of the tile to the next

__global__ void banks_kernel(const float* x, float* y, int rows, int columns) {
  SHARED_ARRAY(float, tile, kTile* kPitch);
  const int lane = threadIdx.x % kTile, first = threadIdx.x / kTile;
  const int tile_row = static_cast<int>(blockIdx.y) * kTile, tile_column = static_cast<int>(blockIdx.x) * kTile;
  for (int i = first; i < kTile; i += kTileRows) {
    const int row = tile_row + i, column = tile_column + lane;
    if (row < rows && column < columns) tile[i * kPitch + lane] = x[row * columns + column];
  }
  __syncthreads();
  for (int j = first; j < kTile; j += kTileRows) {
    const int row = tile_row + lane, column = tile_column + j;
    if (row < rows && column < columns) y[column * rows + row] = tile[lane * kPitch + j];
  }
}

}  // namespace

void course_banks(Gpu gpu, const float* x, float* y, int rows, int columns) {
  if (rows == 0 || columns == 0) return;
  const dim3 grid(ceil_div(columns, kTile), ceil_div(rows, kTile));
  launch<banks_kernel>(grid, dim3(kThreads), 0, gpu, x, y, rows, columns);
}

}  // namespace cudenza::course
