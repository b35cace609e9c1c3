/// The gradient of the filters: F(3x3, 4x4) and F(5x5, 2x2), the same windows with tiles of dy in the part of filters. The sum
/// over tiles is 36 matrix products, [out_channels, tiles] by [tiles, in_channels].
#include <omp.h>

#include <algorithm>

#include "kernels/common/parallel.h"
#include "kernels/winograd/multiply.h"
#include "kernels/winograd/windows.h"

namespace cudenza::kernels {
namespace {

using namespace winograd;

constexpr int64_t kSharedFloats = int64_t{6} << 18;  ///< of windows and gradients that all threads read: 6 MiB
constexpr int kFilterRows = kVector == 16 ? 8 : 4;   ///< of a block of a product; divides all numbers of channels
constexpr int64_t kFilters = 4 * kFilterRows;        ///< of one item, where a product need not be kept
constexpr int64_t kTerms = 64;                       ///< tiles that are summed in registers: many at a time would err more

/// How the work is cut: blocks of tiles, which are transformed first. If they are all in one small block, each thread takes some
/// filters and goes the whole way with them. Else products are kept from block to block, and each thread takes some positions,
/// whose windows and gradients it reads into its own cache once.
struct Cuts {
  int64_t block;    ///< tiles
  int64_t filters;  ///< of an item
  bool is_one_block;

  explicit Cuts(const WinogradShape& s) {
    const int64_t all = s.tiles(), tile = kPositions * (s.in_channels + s.out_channels);
    is_one_block = all * tile <= kSharedFloats;
    // As products grow, blocks do: each reads and writes them all.
    const int64_t products = kPositions * s.in_channels * s.out_channels;
    block = std::clamp<int64_t>(std::max(kSharedFloats, products * 2 / 3) / tile, 1, all);
    const int64_t threads = omp_get_max_threads();
    const int64_t parts =
        is_one_block ? std::max(ceil_div<int64_t>(s.out_channels, kFilters), threads) : ceil_div<int64_t>(threads, 9);
    filters = ceil_div<int64_t>(ceil_div(s.out_channels, parts), kFilterRows) * kFilterRows;
  }
};

template <int kTaps, class T> struct WeightGradient {
  WinogradShape s;
  const T *x, *dy;
  T* dw;
  float* scratch;
  Tiles tiles{s};
  Cuts cut{s};
  // Of each array: floats between two positions.
  int64_t window_stride = stride_of(cut.block * s.in_channels), gradient_stride = stride_of(cut.block * s.out_channels),
          product_stride = stride_of((cut.is_one_block ? cut.filters : s.out_channels) * s.in_channels);
  float *windows = scratch, *gradients = windows + kPositions * window_stride,
        *products = gradients + kPositions * gradient_stride;

  void run() const {
    if (cut.is_one_block) run_by_filters();
    else run_by_positions();
  }

  void run_by_filters() const {
    transform_tiles(0, tiles.all);
    parallel_ranges(ceil_div(s.out_channels, cut.filters), kPositions * cut.filters * s.in_channels,
                    [&](int64_t begin, int64_t end) {
                      float* const own = products + omp_get_thread_num() * kPositions * product_stride;
                      for (int64_t part = begin; part < end; ++part) {
                        const int64_t first = part * cut.filters, filters = std::min(cut.filters, s.out_channels - first);
                        for (int p = 0; p < kPositions; ++p) multiply(p, first, filters, tiles.all, false, own);
                        for (int64_t k = 0; k < filters; ++k) write(first + k, own + k * s.in_channels);
                      }
                    });
  }

  void run_by_positions() const {
    const int64_t parts = ceil_div(s.out_channels, cut.filters);
    for (int64_t start = 0; start < tiles.all; start += cut.block) {
      const int64_t count = std::min(cut.block, tiles.all - start);
      transform_tiles(start, count);
      parallel_ranges(kPositions * parts, count * cut.filters * s.in_channels, [&](int64_t begin, int64_t end) {
        for (int64_t item = begin; item < end; ++item) {
          const int64_t first = item % parts * cut.filters, filters = std::min(cut.filters, s.out_channels - first);
          multiply(item / parts, first, filters, count, start > 0, products + first * s.in_channels);
        }
      });
    }
    parallel_ranges(s.out_channels, kPositions * s.in_channels, [&](int64_t begin, int64_t end) {
      for (int64_t k = begin; k < end; ++k) write(k, products + k * s.in_channels);
    });
  }

  void transform_tiles(int64_t start, int64_t count) const {
    parallel_ranges(count, kPositions * (s.in_channels + s.out_channels), [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) transform_tile(start + t, t);
    });
  }

  void transform_tile(int64_t tile, int64_t t) const {
    const int64_t picture = tiles.picture(tile), top = tiles.top(tile), left = tiles.left(tile);
    transform_window<InputTransform, T>({x, s.height, s.width, s.in_channels}, picture, top - s.pad, left - s.pad,
                                        windows + t * s.in_channels, window_stride);
    transform_window<Evaluation<kTile<kTaps>>, T>({dy, s.out_height(), s.out_width(), s.out_channels}, picture, top, left,
                                                  gradients + t * s.out_channels, gradient_stride);
  }

  /// One position's product over `count` tiles, for some filters from `first` on.
  void multiply(int64_t position, int64_t first, int64_t filters, int64_t count, bool adds, float* product) const {
    const float* const window = windows + position * window_stride;
    const float* const gradient = gradients + position * gradient_stride + first;
    for (int64_t c = 0; c < s.in_channels; c += kPanel) {
      for (int64_t t = 0; t < count; t += kTerms) {
        multiply_rows<kFilterRows>(filters, std::min(kTerms, count - t), {gradient + t * s.out_channels, 1, s.out_channels},
                                   window + t * s.in_channels + c, s.in_channels, product + position * product_stride + c,
                                   s.in_channels, adds || t > 0);
      }
    }
  }

  void write(int64_t k, const float* product) const {
    for (int64_t c = 0; c < s.in_channels; c += kVector) {
      T* const to = dw + k * kTaps * kTaps * s.in_channels + c;
      transform<Interpolation<kTaps>>([&](int i, int j) { return simd_load(product + (i * kWindow + j) * product_stride + c); },
                                      [&](int i, int j, Vector v) { simd_store(to + (kTaps * i + j) * s.in_channels, v); });
    }
  }
};

}  // namespace

int64_t winograd_weights_scratch(const WinogradShape& s) {
  const Cuts cut(s);
  const int64_t products = cut.is_one_block ? omp_get_max_threads() * positions_of(cut.filters * s.in_channels)
                                            : positions_of(s.out_channels * s.in_channels);
  return positions_of(cut.block * s.in_channels) + positions_of(cut.block * s.out_channels) + products;
}

template <class T> void winograd_weights(Cpu, const WinogradShape& s, const T* x, const T* dy, T* dw, float* scratch) {
  if (s.taps == 3) WeightGradient<3, T>{s, x, dy, dw, scratch}.run();
  else WeightGradient<5, T>{s, x, dy, dw, scratch}.run();
}

template void winograd_weights(Cpu, const WinogradShape&, const float*, const float*, float*, float*);
template void winograd_weights(Cpu, const WinogradShape&, const bf16*, const bf16*, bf16*, float*);

}  // namespace cudenza::kernels
