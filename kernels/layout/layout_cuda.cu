#include "kernels/common/extents.h"
#include "kernels/common/launch.h"
#include "kernels/layout/layout.h"

namespace cudenza::kernels {
namespace {

constexpr int kTile = 32, kTileRows = 8, kThreads = kTile * kTileRows;
constexpr int64_t kNarrow = 16;  // a matrix with a side this short would leave most of a tile empty

/// Where a block's tile of `side` elements stands: tiles follow each other along the columns, then the rows, then the batch.
struct TilePlace {
  int64_t batch, row, column;
};

__device__ TilePlace tile_place(const TransposeShape& s, int side) {
  const unsigned across = static_cast<unsigned>(ceil_div<int64_t>(s.columns, side));
  const unsigned down = static_cast<unsigned>(ceil_div<int64_t>(s.rows, side));
  const unsigned column = blockIdx.x % across, rest = blockIdx.x / across;
  return {rest / down, static_cast<int64_t>(rest % down) * side, static_cast<int64_t>(column) * side};
}

/// Elements of a bank of shared memory.
template <class Element> constexpr int kPerBank = sizeof(Element) < 4 ? 4 / static_cast<int>(sizeof(Element)) : 1;

// y[n,j,i] = x[n,i,j]. A block turns a tile of 32 x 32 in shared memory: a warp reads 32 neighbours of a row of x, and writes
// 32 neighbours of a row of y. The tile's rows have one bank more than is used, so that a column of it lies in 32 banks.
template <class Element> __global__ void transpose_kernel(const Element* x, Element* y, TransposeShape s) {
  constexpr int kPitch = kTile + kPerBank<Element>;
  SHARED_ARRAY(Element, tile, kTile * kPitch);
  const TilePlace place = tile_place(s, kTile);
  const int lane = threadIdx.x % kTile, first = threadIdx.x / kTile;
  x += place.batch * s.rows * s.columns;
  y += place.batch * s.rows * s.columns;
  for (int i = first; i < kTile; i += kTileRows) {
    const int64_t row = place.row + i, column = place.column + lane;
    if (row < s.rows && column < s.columns) tile[i * kPitch + lane] = x[row * s.columns + column];
  }
  __syncthreads();
  for (int j = first; j < kTile; j += kTileRows) {
    const int64_t row = place.row + lane, column = place.column + j;
    if (row < s.rows && column < s.columns) y[column * s.rows + row] = tile[lane * kPitch + j];
  }
}

// The same for elements of two bytes, moved in pairs: a tile of 64 x 64 as 64 rows of 32 words. Rows and columns are even. Even
// rows and odd rows stand apart, so that the words of rows 0, 2, 4 … of one column lie in 32 banks. A thread takes the words of
// two rows, which are a 2 x 2 square, turns it, and has a pair for each of two rows of y.
__global__ void transpose_pairs_kernel(const uint32_t* x, uint32_t* y, TransposeShape s) {
  SHARED_ARRAY(uint32_t, even_rows, kTile * (kTile + 1));
  SHARED_ARRAY(uint32_t, odd_rows, kTile * (kTile + 1));
  const TilePlace place = tile_place(s, 2 * kTile);
  const int lane = threadIdx.x % kTile, first = threadIdx.x / kTile;
  const int64_t origin = place.batch * s.rows * s.columns;
  x += origin / 2;
  y += origin / 2;
  for (int i = first; i < kTile; i += kTileRows) {
    const int64_t row = place.row + 2 * i, column = place.column + 2 * lane;
    if (row >= s.rows || column >= s.columns) continue;
    even_rows[i * (kTile + 1) + lane] = x[(row * s.columns + column) / 2];
    odd_rows[i * (kTile + 1) + lane] = x[((row + 1) * s.columns + column) / 2];
  }
  __syncthreads();
  for (int j = first; j < kTile; j += kTileRows) {
    const int64_t row = place.row + 2 * lane, column = place.column + 2 * j;
    if (row >= s.rows || column >= s.columns) continue;
    const uint32_t even = even_rows[lane * (kTile + 1) + j], odd = odd_rows[lane * (kTile + 1) + j];
    y[(column * s.rows + row) / 2] = (even & 0xFFFFu) | odd << 16;
    y[((column + 1) * s.rows + row) / 2] = even >> 16 | (odd & 0xFFFF0000u);
  }
}

/// Elements from one piece of the narrow kernel's tile to the next, for pieces that stand `width` side by side: the 32 that a
/// warp takes from there are to lie in 32 banks. Number i of them is number i / width of piece i % width. With width^-1 banks
/// between pieces (modulo 32, of an odd width; its 8th power is 1 there) it lies in bank width^-1 i; otherwise each piece gets
/// its share of the banks.
template <class Element> unsigned narrow_pitch(unsigned width) {
  const unsigned square = width * width, inverse = square * square * square * width;
  const unsigned banks = width % 2 == 1 && kPerBank<Element> == 1 ? inverse % kTile : kTile / width;
  return kThreads + banks * kPerBank<Element>;
}

// The same where one side is short, as a picture's three channels or a filter's nine taps. [batch, length, width] is the array
// whose rows are short: y if kGather, else x. A block takes kThreads of its rows, which are one piece of memory there and
// `width` pieces on the other side; by way of shared memory both are read and written by neighbouring threads.
template <bool kGather, class Element>
__global__ void transpose_narrow_kernel(const Element* x, Element* y, int64_t length, unsigned width, unsigned pitch) {
  SHARED_ARRAY(Element, tile, (kNarrow - 1) * (kThreads + kTile * kPerBank<Element>));
  const unsigned chunks = static_cast<unsigned>(ceil_div<int64_t>(length, kThreads)), thread = threadIdx.x;
  const int64_t first = static_cast<int64_t>(blockIdx.x % chunks) * kThreads, origin = blockIdx.x / chunks * length * width;
  const unsigned rows = static_cast<unsigned>(smaller<int64_t>(kThreads, length - first));
  const int64_t long_side = origin + first, short_side = origin + first * width;
  if (kGather && thread < rows) {
    for (unsigned w = 0; w < width; ++w) tile[w * pitch + thread] = x[long_side + w * length + thread];
  }
  if (!kGather) {
    for (unsigned i = thread; i < rows * width; i += kThreads) tile[i % width * pitch + i / width] = x[short_side + i];
  }
  __syncthreads();
  if (kGather) {
    for (unsigned i = thread; i < rows * width; i += kThreads) y[short_side + i] = tile[i % width * pitch + i / width];
  } else if (thread < rows) {
    for (unsigned w = 0; w < width; ++w) y[long_side + w * length + thread] = tile[w * pitch + thread];
  }
}

template <bool kGather, class Element>
void launch_narrow(Gpu gpu, const Element* x, Element* y, int64_t batch, int64_t length, int64_t width) {
  const dim3 grid(static_cast<unsigned>(batch * ceil_div<int64_t>(length, kThreads)));
  const auto side = static_cast<unsigned>(width);
  launch<transpose_narrow_kernel<kGather, Element>>(grid, dim3(kThreads), 0, gpu, x, y, length, side,
                                                    narrow_pitch<Element>(side));
}

unsigned tiles(const TransposeShape& s, int64_t side) {
  return static_cast<unsigned>(s.batch * ceil_div(s.rows, side) * ceil_div(s.columns, side));
}

bool takes_pairs(const void* x, const void* y, const TransposeShape& s) {
  return s.rows % 2 == 0 && s.columns % 2 == 0 && (reinterpret_cast<uintptr_t>(x) | reinterpret_cast<uintptr_t>(y)) % 4 == 0;
}

}  // namespace

template <class Element> void transpose(Gpu gpu, const Element* x, Element* y, const TransposeShape& s) {
  if (s.batch * s.rows * s.columns == 0) return;
  if (s.rows < kNarrow) {
    launch_narrow<true>(gpu, x, y, s.batch, s.columns, s.rows);
  } else if (s.columns < kNarrow) {
    launch_narrow<false>(gpu, x, y, s.batch, s.rows, s.columns);
  } else if (sizeof(Element) == 2 && takes_pairs(x, y, s)) {
    launch<transpose_pairs_kernel>(dim3(tiles(s, 2 * kTile)), dim3(kThreads), 0, gpu, reinterpret_cast<const uint32_t*>(x),
                                   reinterpret_cast<uint32_t*>(y), s);
  } else {
    launch<transpose_kernel<Element>>(dim3(tiles(s, kTile)), dim3(kThreads), 0, gpu, x, y, s);
  }
}

template void transpose(Gpu, const uint8_t*, uint8_t*, const TransposeShape&);
template void transpose(Gpu, const uint16_t*, uint16_t*, const TransposeShape&);
template void transpose(Gpu, const uint32_t*, uint32_t*, const TransposeShape&);
template void transpose(Gpu, const uint64_t*, uint64_t*, const TransposeShape&);

}  // namespace cudenza::kernels
