#include <omp.h>

#include <algorithm>

#include "kernels/common/parallel.h"
#include "kernels/layout/turn_block.h"
#include "kernels/winograd/multiply.h"
#include "kernels/winograd/windows.h"

namespace cudenza::kernels {
namespace {

using namespace winograd;

// In floats. A core's own cache is taken to have 1 MiB, and the one that all share some more.
constexpr int64_t kSharedWindows = int64_t{6} << 18;  ///< that all threads read
constexpr int64_t kSharedFilters = int64_t{3} << 18;  ///< the same
constexpr int64_t kOwnWindows = int64_t{1} << 16;     ///< that one thread reads
constexpr int64_t kDepth = 128;                       ///< channels of filters that one thread reads, a panel wide
constexpr int64_t kPackedDepth = 64;                  ///< the same of packed filters, beside windows
constexpr int64_t kPackedWindows = int64_t{3} << 15;  ///< that one thread reads beside packed filters
constexpr int64_t kFewTiles = 8;                      ///< fewer would leave a panel's registers idle

/// How the work is cut.
///   by tiles    few channels: each thread takes groups of tiles, from their windows to their outputs, within its own cache.
///               Packed filters are transformed for each group, some channels at a time; others once, before, and all of them
///   by filters  many channels: the windows of a block of tiles are transformed first; then each thread takes panels of filters,
///               some channels at a time, from their transform to the block's outputs
/// No sum depends on the number of threads; with packed filters none depends on the number of tiles either.
struct Cuts {
  bool by_tiles;
  int64_t block;  ///< tiles whose windows are transformed together
  int64_t depth;  ///< channels of filters that are transformed together
  int64_t group;  ///< tiles whose products are made together

  Cuts(const WinogradShape& s, WinogradFilters kind) {
    const int64_t channels = s.in_channels, all = ceil_div<int64_t>(s.tiles(), kRows) * kRows;
    const auto tiles_in = [&](int64_t floats) {
      return std::clamp<int64_t>(floats / (kPositions * channels) / kRows * kRows, kRows, all);
    };
    if (kind == WinogradFilters::packed) {
      depth = std::min(kPackedDepth, channels);
      by_tiles = kPositions * channels * kFewTiles <= kPackedWindows && s.tiles() >= kFewTiles;
      const int64_t most = kPackedWindows / (kPositions * channels), rounds = omp_get_max_threads();
      block = by_tiles ? ceil_div(s.tiles(), ceil_div(s.tiles(), most * rounds) * rounds) : tiles_in(kSharedWindows);
      group = block;
      return;
    }
    by_tiles = kPositions * channels * s.out_channels <= kSharedFilters && all >= s.out_channels;
    block = tiles_in(by_tiles ? kOwnWindows : kSharedWindows);
    const int64_t chunks = by_tiles ? 1 : ceil_div(channels, kDepth);
    depth = ceil_div<int64_t>(ceil_div(channels, chunks), kVector) * kVector;
    group = chunks > 1 || by_tiles ? block : kRows;
  }
};

/// G w Gᵀ of channels [begin, end) and the panel of filters from `column`, as u[position][channel - begin][column].
template <int kTaps, class T>
void transform_own(const WinogradShape& s, const T* w, int64_t column, int64_t begin, int64_t end, float* u, int64_t stride) {
  using Element = std::conditional_t<sizeof(T) == 2, uint16_t, float>;
  constexpr int kStep = kSide<Element>;
  T turned[kTaps * kTaps][kStep][kPanel];
  for (int64_t c = begin; c < end; c += kStep) {
    for (int tap = 0; tap < kTaps * kTaps; ++tap) {
      for (int k = 0; k < kPanel; k += kBlockRows<Element>) {
        turn_block<Element>([&](int i) { return w + ((column + k + i) * kTaps * kTaps + tap) * s.in_channels + c; },
                            [&](int j, auto filters) { std::memcpy(&turned[tap][j][k], &filters, sizeof filters); });
      }
    }
    for (int channel = 0; channel < kStep; ++channel) {
      float* const to = u + (c - begin + channel) * kPanel;
      for (int half = 0; half < kPanel; half += kVector) {
        transform<Evaluation<kTaps>>([&](int i, int j) { return simd_load(&turned[kTaps * i + j][channel][half]); },
                                     [&](int i, int j, Vector v) { simd_store(to + (i * kWindow + j) * stride + half, v); });
      }
    }
  }
}

/// The same of filters of the way forward.
template <int kTaps, class T>
void transform_mirrored(const WinogradShape& s, const T* w, int64_t column, int64_t begin, int64_t end, float* u,
                        int64_t stride) {
  for (int64_t c = begin; c < end; ++c) {
    const T* const last = w + ((c + 1) * kTaps * kTaps - 1) * s.out_channels + column;
    float* const to = u + (c - begin) * kPanel;
    for (int half = 0; half < kPanel; half += kVector) {
      transform<Evaluation<kTaps>>([&](int i, int j) { return simd_load(last - (kTaps * i + j) * s.out_channels + half); },
                                   [&](int i, int j, Vector v) { simd_store(to + (i * kWindow + j) * stride + half, v); });
    }
  }
}

/// The same of packed filters.
template <int kTaps, class T>
void transform_packed(const WinogradShape& s, const T* w, int64_t column, int64_t begin, int64_t end, float* u, int64_t stride) {
  const T* const panel = w + column * kTaps * kTaps * s.in_channels;
  for (int64_t c = begin; c < end; ++c) {
    const T* const from = panel + c * kPanel;
    float* const to = u + (c - begin) * kPanel;
    for (int half = 0; half < kPanel; half += kVector) {
      transform<Evaluation<kTaps>>(
          [&](int i, int j) { return simd_load(from + (kTaps * i + j) * s.in_channels * kPanel + half); },
          [&](int i, int j, Vector v) { simd_store(to + (i * kWindow + j) * stride + half, v); });
    }
  }
}

template <int kTaps, class T> struct Winograd {
  WinogradShape s;
  const T *x, *w;
  WinogradFilters kind;
  T* y;
  ConvEpilogue<T> epilogue;
  float* scratch;
  Tiles tiles{s};
  Cuts cut{s, kind};
  // Of each array: floats between two positions.
  int64_t window_stride = stride_of(cut.block * s.in_channels), filter_stride = stride_of(cut.depth * kPanel),
          product_stride = stride_of(cut.group * kPanel);

  void run() const {
    if (cut.by_tiles) run_by_tiles();
    else run_by_filters();
  }

  void run_by_tiles() const {
    const int64_t panels = s.out_channels / kPanel;
    const bool packed = kind == WinogradFilters::packed;
    float* const shared = scratch;  // all transformed filters, unless they are packed
    if (!packed) {
      parallel_ranges(panels, kPositions * s.in_channels * kPanel, [&](int64_t begin, int64_t end) {
        for (int64_t panel = begin; panel < end; ++panel)
          transform_filters(panel * kPanel, 0, s.in_channels, shared + panel * kPositions * filter_stride);
      });
    }
    const int64_t groups = ceil_div(tiles.all, cut.group);
    parallel_ranges(groups, cut.group * kPositions * s.in_channels * s.out_channels, [&](int64_t begin, int64_t end) {
      const int64_t own_filters = packed ? kPositions * filter_stride : 0;
      float* const windows = shared + (packed ? 0 : panels * kPositions * filter_stride) +
                             omp_get_thread_num() * (kPositions * (window_stride + product_stride) + own_filters);
      float *const products = windows + kPositions * window_stride, *const filters = products + kPositions * product_stride;
      for (int64_t group = begin; group < end; ++group) {
        const int64_t first = group * cut.group, count = std::min(cut.group, tiles.all - first);
        for (int64_t t = 0; t < count; ++t) transform_window_of(first + t, windows + t * s.in_channels);
        for (int64_t panel = 0; panel < panels; ++panel) {
          if (packed) multiply_by_chunks(windows, count, panel * kPanel, filters, products);
          else multiply(windows, count, 0, s.in_channels, shared + panel * kPositions * filter_stride, products);
          write(first, count, panel * kPanel, products);
        }
      }
    });
  }

  void run_by_filters() const {
    const int64_t panels = s.out_channels / kPanel;
    float* const windows = scratch;
    for (int64_t start = 0; start < tiles.all; start += cut.block) {
      const int64_t count = std::min(cut.block, tiles.all - start);
      parallel_ranges(count, kPositions * s.in_channels, [&](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; ++t) transform_window_of(start + t, windows + t * s.in_channels);
      });
      // Every thread has a panel, or several; where there are too few, threads share a panel's tiles.
      const int64_t parts = ceil_div<int64_t>(omp_get_max_threads(), panels);
      const int64_t part = ceil_div<int64_t>(ceil_div(count, parts), kRows) * kRows;
      parallel_ranges(panels * parts, part * kPositions * s.in_channels * kPanel, [&](int64_t begin, int64_t end) {
        for (int64_t item = begin; item < end; ++item) {
          const int64_t first = item % parts * part;
          if (first < count) outputs_of_panel(windows, start, first, std::min(first + part, count), item / parts * kPanel);
        }
      });
    }
  }

  /// Tiles [begin, end) of the block from `start` on, for the panel of filters from `column`.
  void outputs_of_panel(const float* windows, int64_t start, int64_t begin, int64_t end, int64_t column) const {
    float* const filters =
        scratch + kPositions * window_stride + omp_get_thread_num() * kPositions * (filter_stride + product_stride);
    float* const products = filters + kPositions * filter_stride;
    const bool at_once = cut.depth >= s.in_channels;
    if (at_once) transform_filters(column, 0, s.in_channels, filters);
    for (int64_t group = begin; group < end; group += cut.group) {
      const int64_t count = std::min(cut.group, end - group);
      if (at_once) multiply(windows + group * s.in_channels, count, 0, s.in_channels, filters, products);
      else multiply_by_chunks(windows + group * s.in_channels, count, column, filters, products);
      write(start + group, count, column, products);
    }
  }

  void transform_window_of(int64_t tile, float* to) const {
    transform_window<InputTransform, T>({x, s.height, s.width, s.in_channels}, tiles.picture(tile), tiles.top(tile) - s.pad,
                                        tiles.left(tile) - s.pad, to, window_stride);
  }

  void transform_filters(int64_t column, int64_t begin, int64_t end, float* to) const {
    switch (kind) {
      case WinogradFilters::own: return transform_own<kTaps>(s, w, column, begin, end, to, filter_stride);
      case WinogradFilters::of_forward: return transform_mirrored<kTaps>(s, w, column, begin, end, to, filter_stride);
      case WinogradFilters::packed: return transform_packed<kTaps>(s, w, column, begin, end, to, filter_stride);
    }
  }

  /// Products of `count` tiles with a panel of filters, over `depth` channels from c; added to those over the channels before.
  void multiply(const float* windows, int64_t count, int64_t c, int64_t depth, const float* filters, float* products) const {
    for (int p = 0; p < kPositions; ++p) {
      multiply_rows(count, depth, {windows + p * window_stride + c, s.in_channels, 1}, filters + p * filter_stride, kPanel,
                    products + p * product_stride, kPanel, c > 0);
    }
  }

  /// The same over all channels, whose filters are transformed into `filters` some at a time.
  void multiply_by_chunks(const float* windows, int64_t count, int64_t column, float* filters, float* products) const {
    for (int64_t c = 0; c < s.in_channels; c += cut.depth) {
      const int64_t depth = std::min(cut.depth, s.in_channels - c);
      transform_filters(column, c, c + depth, filters);
      multiply(windows, count, c, depth, filters, products);
    }
  }

  void write(int64_t first, int64_t count, int64_t column, const float* products) const {
    for (int64_t t = 0; t < count; ++t) {
      for (int half = 0; half < kPanel; half += kVector) write_tile(first + t, column + half, products + t * kPanel + half);
    }
  }

  void write_tile(int64_t tile, int64_t column, const float* products) const {
    const int64_t height = s.out_height(), width = s.out_width(), top = tiles.top(tile), left = tiles.left(tile);
    const int64_t corner = ((tiles.picture(tile) * height + top) * width + left) * s.out_channels + column;
    const Vector bias = epilogue.bias ? simd_load(epilogue.bias + column) : Vector{};
    transform<Interpolation<kTile<kTaps>>>([&](int i, int j) { return simd_load(products + (i * kWindow + j) * product_stride); },
                                           [&](int i, int j, Vector v) {
                                             if (top + i >= height || left + j >= width) return;
                                             const int64_t at = corner + (i * width + j) * s.out_channels;
                                             v += bias;
                                             if (epilogue.residual) v += simd_load(epilogue.residual + at);
                                             simd_store(y + at, epilogue.relu ? simd_max<float>(v, Vector{}) : v);
                                           });
  }
};

}  // namespace

int64_t winograd_channels() { return kPanel; }

int64_t winograd_scratch(const WinogradShape& s, WinogradFilters kind) {
  const Cuts cut(s, kind);
  const int64_t windows = positions_of(cut.block * s.in_channels), filters = positions_of(cut.depth * kPanel),
                products = positions_of(cut.group * kPanel), panels = s.out_channels / kPanel, threads = omp_get_max_threads();
  if (!cut.by_tiles) return windows + threads * (filters + products);
  return kind == WinogradFilters::packed ? threads * (windows + products + filters)
                                         : panels * filters + threads * (windows + products);
}

template <class T>
void winograd_convolve(Cpu, const WinogradShape& s, const T* x, const T* w, WinogradFilters kind, T* y,
                       const ConvEpilogue<T>& epilogue, float* scratch) {
  if (s.taps == 3) Winograd<3, T>{s, x, w, kind, y, epilogue, scratch}.run();
  else Winograd<5, T>{s, x, w, kind, y, epilogue, scratch}.run();
}

template <class T> void winograd_pack(Cpu, const WinogradShape& s, const T* w, T* packed) {
  const int64_t taps = s.taps * s.taps;
  parallel_ranges(s.out_channels / kPanel, taps * s.in_channels * kPanel, [&](int64_t begin, int64_t end) {
    T* to = packed + begin * taps * s.in_channels * kPanel;
    for (int64_t panel = begin; panel < end; ++panel) {
      for (int64_t tap = 0; tap < taps; ++tap) {
        for (int64_t c = 0; c < s.in_channels; ++c) {
          for (int64_t k = 0; k < kPanel; ++k) *to++ = w[((panel * kPanel + k) * taps + tap) * s.in_channels + c];
        }
      }
    }
  });
}

template void winograd_convolve(Cpu, const WinogradShape&, const float*, const float*, WinogradFilters, float*,
                                const ConvEpilogue<float>&, float*);
template void winograd_convolve(Cpu, const WinogradShape&, const bf16*, const bf16*, WinogradFilters, bf16*,
                                const ConvEpilogue<bf16>&, float*);

template void winograd_pack(Cpu, const WinogradShape&, const float*, float*);
template void winograd_pack(Cpu, const WinogradShape&, const bf16*, bf16*);

}  // namespace cudenza::kernels
