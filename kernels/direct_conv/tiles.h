/// Sums of blocks in a CPU's matrix unit (kernels/simd/amx.h), which multiplies bf16 and bytes. In tiles:
///
///   sums[t][half] += pixels[t] · filters[half]          t = 0, 1: tiles of up to 16 pixels; half = 0, 1: 16 filters of a panel
///
/// A row of `pixels` holds words of one pixel that are neighbours in depth, and a row of `filters` one word of 16 filters, as
/// they are packed anyway.
#pragma once
#include <optional>

#include "kernels/common/extents.h"
#include "kernels/direct_conv/block.h"
#include "kernels/simd/amx.h"

namespace cudenza::kernels::direct_conv {

#if CUDENZA_AMX
template <class T> constexpr bool kHasTiles = !std::is_same_v<T, float>;
#else
template <class T> constexpr bool kHasTiles = false;
#endif

/// How lines of pixels and the depth are cut into tiles.
struct Tiling {
  int pixels = 0;  ///< of a tile
  int words = 0;   ///< of depth that one product sums; 0: there are no tiles
  /// Output rows that are shorter than a tile are one line, with the padding of the copied rows between them: `width` pixels, and
  /// `gap` sums that nobody needs.
  int64_t width = int64_t{1} << 60, gap = 0;

  /// The largest number of words that divides the depth; few would leave the unit mostly empty.
  static int words_for(int64_t depth) {
    constexpr int kLeast = 6;
    for (int words = kTileWords; words >= kLeast; --words) {
      if (depth % words == 0) return words;
    }
    return 0;
  }

  /// For `rows` output rows of `line` pixels. `padded`: pixels of a copied row of x; 0 if the next output row is elsewhere.
  /// Returns how many rows are one line.
  int64_t cut(int64_t rows, int64_t line, int64_t padded) {
    constexpr int64_t kLeastTime = 12;  // a product takes as long as one of so many pixels
    pixels = static_cast<int>(ceil_div(line, ceil_div<int64_t>(line, kTileRows)));
    const int64_t together = (rows - 1) * padded + line;
    const int64_t time = rows * tiles(line) * std::max<int64_t>(pixels, kLeastTime);
    if (padded == 0 || together < kTileRows || ceil_div<int64_t>(together, kTileRows) * kTileRows >= time) return 1;
    pixels = kTileRows, width = line, gap = padded - line;
    return rows;
  }
  int64_t tiles(int64_t line) const { return ceil_div<int64_t>(line, pixels); }
};

/// A tile of a line's pixels. The first `skip` are summed once more, for the tile before has them: all tiles of a line are
/// equally long.
template <class T, class Y> struct PixelTile {
  const float* x;
  Y* y;                   ///< of the line
  const T* residual;      ///< of the line; may be null
  int64_t pixel, column;  ///< of the first one that is not skipped: place in y, and in an output row with its gap
  int skip;

  /// f(row, count, pixel): so many rows of the tile are neighbouring pixels of y, the first of them `pixel`.
  template <class F> void each_run(const Tiling& t, F&& f) const {
    int64_t at = pixel;
    for (int64_t row = skip, c = column, count; row < t.pixels; row += count) {
      if (c >= t.width) {  // the gap
        count = t.width + t.gap - c, c = 0;
        continue;
      }
      count = std::min(t.width - c, t.pixels - row);
      f(row, count, at);
      at += count, c += count;
    }
  }
  /// From memory, while sums are made.
  void prefetch_residual(const Tiling& t, int64_t y_pixel) const {
    if (!residual) return;
    each_run(t, [&](int64_t, int64_t count, int64_t first) {
      for (int64_t i = first; i < first + count; ++i) __builtin_prefetch(residual + i * y_pixel);
    });
  }
  void move_to_next_panel() {
    y += kPanel;
    if (residual) residual += kPanel;
  }
};

/// Stores `count` neighbouring pixels of the block `b`. `sums`: [count][2].
template <class T, class Y>
[[gnu::noinline]] void finish_run(const Block<T, Y>& b, Y* y, const T* residual, const Sums<T>* sums, int64_t count) {
  const Constants<T> constants(b.epilogue);
  const EpilogueOf<T> epilogue = b.epilogue;  // copies stay in registers: stores of bytes could change what is referred to
  const int64_t y_pixel = b.y_pixel;
  const auto finished = [&](int64_t i) {
    const Sums<T> sum[2] = {sums[2 * i], sums[2 * i + 1]};
    const Pair<float> v = constants.finished(sum, epilogue, residual);
    if (residual) residual += y_pixel;
    return v;
  };
  int64_t i = 0;
  for (; i + 1 < count; i += 2, y += 2 * y_pixel) {
    const Pair<float> v = finished(i), next = finished(i + 1);
    store(y, y + y_pixel, v, next);
  }
  if (i < count) store(y, finished(i));
}

/// The last panel, where filters end within it.
template <class T, class Y>
void finish_part_of_panel(const Block<T, Y>& b, Y* y, const T* residual, const Sums<T>* sums, int64_t count) {
  Block<T, Y> pixel = b;
  for (int64_t i = 0; i < count; ++i) {
    const Sums<T> sum[1][2] = {{sums[2 * i], sums[2 * i + 1]}};
    pixel.y = y + i * b.y_pixel;
    if (residual) pixel.epilogue.residual = residual + i * b.y_pixel;
    write_part<1>(pixel, sum);
  }
}

template <class T, class Y>
void finish_tile(const Block<T, Y>& b, const PixelTile<T, Y>& tile, const Sums<T>* sums, const Tiling& tiling) {
  tile.each_run(tiling, [&](int64_t row, int64_t count, int64_t pixel) {
    const T* const residual = tile.residual ? tile.residual + pixel * b.y_pixel : nullptr;
    Y* const y = tile.y + pixel * b.y_pixel;
    if (b.columns < kPanel) finish_part_of_panel(b, y, residual, sums + 2 * row, count);
    else finish_run(b, y, residual, sums + 2 * row, count);
  });
}

/// This thread's eight tiles while this lives: 0 to 3 are sums, 4 and 5 pixels, 6 and 7 filters.
template <bool kAreThere> struct TileUse {
  explicit TileUse(const Tiling&) {}
};

/// Runs tiles in twos, so that they share what is loaded of the filters.
template <class T, class Y> class TilePairs;

#if CUDENZA_AMX

template <> struct TileUse<true> {
  explicit TileUse(const Tiling& t) {
    if (t.words == 0) return;
    const TileShapes::Shape sums{t.pixels, kTileWords}, pixels{t.pixels, t.words}, filters{t.words, kTileWords};
    shapes_.emplace(std::array{sums, sums, sums, sums, pixels, pixels, filters, filters});
  }

 private:
  std::optional<TileShapes> shapes_;
};

/// Adds the products of tile kTile of pixels. The instructions take tiles by their literal number.
template <class T, int kTile> inline void add_products() {
  if constexpr (std::is_same_v<T, bf16> && kTile == 0) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
  } else if constexpr (std::is_same_v<T, bf16>) {
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  } else if constexpr (kTile == 0) {
    _tile_dpbusd(0, 4, 6);
    _tile_dpbusd(1, 4, 7);
  } else {
    _tile_dpbusd(2, 5, 6);
    _tile_dpbusd(3, 5, 7);
  }
}

/// Of a tile of pixels by a panel.
template <class T> using TileSums = Sums<T>[2 * kTileRows];

/// Sums of kCount tiles of pixels, 1 or 2, by the panel of `b`. Needs a TileUse.
template <int kCount, class T, class Y>
void sum_tiles(const Block<T, Y>& b, const PixelTile<T, Y>* tiles, int words, TileSums<T>* sums) {
  const int64_t pixel = b.pixel * 4, ahead_step = words * b.ahead_step;
  const float *x = tiles[0].x, *x1 = tiles[kCount - 1].x, *filters = b.filters, *ahead = b.ahead;
  asm volatile("" ::: "memory");  // the instructions read what was stored before, which compilers are not told
  _tile_zero(0);
  _tile_zero(1);
  if constexpr (kCount == 2) {
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int64_t r = 0; r < b.rows; ++r, x += b.x_row, x1 += b.x_row) {
    for (int64_t l = 0; l < b.depth; l += words, filters += words * kPanel) {
      for (int64_t line = 0; line < ahead_step; line += kTileWords) __builtin_prefetch(ahead + line, 0, 2);
      ahead += ahead_step;
      _tile_loadd(6, filters, kPanel * 4);
      _tile_loadd(7, filters + kVector, kPanel * 4);
      _tile_loadd(4, x + l, pixel);
      add_products<T, 0>();
      if constexpr (kCount == 2) {
        _tile_loadd(5, x1 + l, pixel);
        add_products<T, 1>();
      }
    }
  }
  _tile_stored(0, sums[0], kPanel * 4);
  _tile_stored(1, sums[0] + 1, kPanel * 4);
  if constexpr (kCount == 2) {
    _tile_stored(2, sums[1], kPanel * 4);
    _tile_stored(3, sums[1] + 1, kPanel * 4);
  }
}

template <class T, class Y> class TilePairs {
 public:
  /// `first`: of the panels.
  TilePairs(const Block<T, Y>& first, const Tiling& tiling, int64_t panels, Ahead& ahead)
      : first_(first), tiling_(tiling), panels_(panels), ahead_(ahead) {}

  /// A line, by what differs from line to line. `pixels`: with the gaps in it.
  void add(const float* x, Y* y, const T* residual, int64_t pixels) {
    for (int64_t i = 0; i < tiling_.tiles(pixels); ++i) {
      const int64_t at = i * tiling_.pixels, begin = std::min(at, pixels - tiling_.pixels);
      PixelTile<T, Y>& tile = tiles_[count_++];
      const int64_t row = at / (tiling_.width + tiling_.gap), column = at % (tiling_.width + tiling_.gap);
      tile = {.x = x + begin * first_.pixel,
              .y = y,
              .residual = residual,
              .pixel = row * tiling_.width + std::min(column, tiling_.width),
              .column = column,
              .skip = static_cast<int>(at - begin)};
      if (count_ == 2) run<2>();
    }
  }
  void finish() {
    if (count_ == 1) run<1>();
  }

 private:
  template <int kCount> void run() {
    Block<T, Y> panel = first_;
    for (int64_t i = 0; i < panels_; ++i) {
      if (i > 0) panel.move_to_panel(1);
      ahead_.give(panel);
      for (int t = 0; t < kCount; ++t) tiles_[t].prefetch_residual(tiling_, panel.y_pixel);
      sum_tiles<kCount>(panel, tiles_, tiling_.words, sums_);
      for (int t = 0; t < kCount; ++t) {
        finish_tile(panel, tiles_[t], sums_[t], tiling_);
        tiles_[t].move_to_next_panel();
      }
    }
    count_ = 0;
  }

  const Block<T, Y>& first_;
  Tiling tiling_;
  int64_t panels_;
  Ahead& ahead_;
  PixelTile<T, Y> tiles_[2];
  int count_ = 0;
  TileSums<T> sums_[2];
};

#endif

}  // namespace cudenza::kernels::direct_conv
