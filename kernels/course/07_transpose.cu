// Exercise 7: a transpose by way of shared memory.
//
//   y[j,i] = x[i,j], for x [rows, columns] and y [columns, rows].
//
//   x                        shared memory                    y
//   row i:  t0 t1 .. t31 ->  tile[i][0..31]
//                            -- all threads wait here --
//                            tile[0..31][j]  ->  t0 t1 .. t31 : row j
//
//   A block has 8 warps, and a tile of 32 x 32 elements: warp w takes the rows w, w + 8, w + 16, w + 24.
//
// Task: The kernel reads rows, but it writes columns: a store of a warp touches 32 sectors. Write what you read into tile first,
// then wait for all threads of the block by __syncthreads(), and then let each warp read a column of the tile and write it as a
// row of y. What a thread reads from the tile, another thread has written: that is why all must wait. All threads must come to
// the barrier, so do not return before it.
//
// Target: 4 sectors a load and 4 a store; you have 32 a store. 1 barrier a block.
#include "kernels/course/exercises.h"

namespace cudenza::course {
namespace {

constexpr int kTile = 32, kTileRows = 8, kThreads = kTile * kTileRows;

__global__ void transpose_kernel(const float* x, float* y, int rows, int columns) {
  const int lane = threadIdx.x % kTile, first = threadIdx.x / kTile;
  const int tile_row = static_cast<int>(blockIdx.y) * kTile, tile_column = static_cast<int>(blockIdx.x) * kTile;
  // TODO: SHARED_ARRAY(float, tile, kTile * kTile) declares the tile; its element [i][j] is tile[i * kTile + j].
  for (int i = first; i < kTile; i += kTileRows) {
    const int row = tile_row + i, column = tile_column + lane;
    if (row < rows && column < columns) y[column * rows + row] = x[row * columns + column];
  }
}

}  // namespace

void course_transpose(Gpu gpu, const float* x, float* y, int rows, int columns) {
  if (rows == 0 || columns == 0) return;
  const dim3 grid(ceil_div(columns, kTile), ceil_div(rows, kTile));
  launch<transpose_kernel>(grid, dim3(kThreads), 0, gpu, x, y, rows, columns);
}

}  // namespace cudenza::course
