// Exercise 8: the same without bank conflicts.
//
//   y[j,i] = x[i,j], for x [rows, columns] and y [columns, rows].
//
//   Shared memory has 32 banks; word w lies in bank w % 32, and a bank gives one word at a time.
//
//   tile with rows of 32 words                     a column of it:
//   [0][0]  in bank 0    [0][1]  in bank 1         words 0, 32, 64, ...   all in bank 0:
//   [1][0]  in bank 0    [1][1]  in bank 1         32 lanes wait for each other, 32 passes
//   [2][0]  in bank 0    ...
//
// Task: This is a solution of exercise 7. It is right, but reading a column of the tile takes 32 passes, for all its words lie
// in one bank. Change the tile so that both a row and a column of it lie in 32 different banks. A few words may be wasted for
// that.
//
// Target: 1 pass where one is possible; you have 32. All else as in exercise 7.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kTile = 32, kTileRows = 8, kThreads = kTile * kTileRows;
constexpr int kPitch = kTile;  // words from one row of the tile to the next. TODO

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
