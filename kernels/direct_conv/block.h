/// A block of sums: up to 14 pixels by 32 filters, in registers.
#pragma once
#include <array>
#include <utility>

#include "kernels/common/extents.h"
#include "kernels/direct_conv/finish.h"

namespace cudenza::kernels::direct_conv {

constexpr int kVector = kSimd<float>;
constexpr int kPanel = 2 * kVector;              ///< filters of a block
constexpr int kPixels = kVector == 16 ? 14 : 6;  ///< what fits into 32 registers, or 16, beside a panel

/// Distances are in words; `rows` and `depth` say what is summed.
template <class T, class Y> struct Block {
  const float* x;        ///< words of the first pixel
  int64_t pixel, x_row;  ///< to the next pixel's, and to the next row of the picture
  const float* filters;  ///< [rows][depth][kPanel]
  int64_t rows, depth;
  bool ends_in_half;   ///< a word more of each row, of which the window sees the first half
  const float* ahead;  ///< of the next panel: a piece is asked of memory with each step of the sums, `ahead_step` words further
  int64_t ahead_step;
  Y* y;
  int64_t y_pixel;         ///< out_channels
  int64_t columns;         ///< filters that there are from this panel on
  EpilogueOf<T> epilogue;  ///< of the first pixel and filter

  /// The block that begins so many pixels further.
  Block from(int64_t pixels) const {
    Block b = *this;
    b.x += pixels * pixel;
    b.y += pixels * y_pixel;
    if (b.epilogue.residual) b.epilogue.residual += pixels * y_pixel;
    return b;
  }
  /// To the same pixels by a later panel.
  void move_to_panel(int64_t panels) {
    const int64_t column = panels * kPanel;
    filters += column * rows * (depth + ends_in_half);
    y += column;
    columns -= column;
    if (epilogue.bias) epilogue.bias += column;
    if constexpr (std::is_same_v<T, uint8_t>) epilogue.scale += column;
    if (epilogue.residual) epilogue.residual += column;
  }
};

/// The next panel's filters come from memory while this one's are at work: a part with each block.
struct Ahead {
  const float* at;
  int64_t part, step;

  /// `next` may be null.
  Ahead(const float* next, int64_t panel, int64_t blocks)
      : at(next), part(next ? ceil_div(panel, blocks) : 0), step(next ? ceil_div<int64_t>(kPanel, blocks) : 0) {}

  /// What `block` asks for.
  template <class T, class Y> void give(Block<T, Y>& block) {
    block.ahead = at ? at : block.filters;
    block.ahead_step = step;
    at += part;
  }
};

/// Of a word of bf16. The other half may be NaN, which 0 times it would be, too.
inline float first_half(float word) { return std::bit_cast<float>(std::bit_cast<uint32_t>(word) & 0xFFFFu); }

/// Sums of kCount pixels.
template <int kCount, class T, class Y>
[[gnu::always_inline]] inline void sum_block(const Block<T, Y>& b, Sums<T> (&sum)[kCount][2]) {
  const float *filters = b.filters, *row = b.x, *ahead = b.ahead;
  for (int64_t r = 0; r < b.rows; ++r, row += b.x_row) {
    const float* third[(kCount + 2) / 3];  // every third pixel's: the two after it are reached by addressing alone
    for (int i = 0; i < (kCount + 2) / 3; ++i) third[i] = row + 3 * i * b.pixel;
    for (int64_t l = 0; l < b.depth; ++l, filters += kPanel) {
      __builtin_prefetch(ahead, 0, 2);  // into the core's second cache
      ahead += b.ahead_step;
      const Simd<float> first = simd_load(filters), second = simd_load(filters + kVector);
#pragma GCC unroll 14
      for (int i = 0; i < kCount; ++i) {
        const float* const word = third[i / 3] + i % 3 * b.pixel + l;
        sum[i][0] = Product<T>::add(sum[i][0], word, first);
        sum[i][1] = Product<T>::add(sum[i][1], word, second);
      }
    }
    if constexpr (std::is_same_v<T, bf16>) {
      if (!b.ends_in_half) continue;
      const Simd<float> first = simd_load(filters), second = simd_load(filters + kVector);
#pragma GCC unroll 14
      for (int i = 0; i < kCount; ++i) {
        const float half = first_half(third[i / 3][i % 3 * b.pixel + b.depth]);
        sum[i][0] = Product<T>::add(sum[i][0], &half, first);
        sum[i][1] = Product<T>::add(sum[i][1], &half, second);
      }
      filters += kPanel;
    }
  }
}

/// The last panel, where filters end within it: as if there were zeros behind them.
template <int kCount, class T, class Y> [[gnu::noinline]] void write_part(const Block<T, Y>& b, const Sums<T> (&sum)[kCount][2]) {
  using Residual = std::remove_cvref_t<decltype(*b.epilogue.residual)>;
  const auto columns = static_cast<size_t>(b.columns);  // fewer than kPanel
  EpilogueOf<T> epilogue = b.epilogue;
  float bias[kPanel] = {}, scale[kPanel] = {};
  const auto padded = [&](const float*& from, float* to) {
    if (from) std::memcpy(to, from, columns * sizeof(float)), from = to;
  };
  padded(epilogue.bias, bias);
  if constexpr (std::is_same_v<T, uint8_t>) padded(epilogue.scale, scale);
  const Constants<T> constants(epilogue);
  for (int i = 0; i < kCount; ++i) {
    Residual residual[kPanel] = {};
    if (epilogue.residual) std::memcpy(residual, epilogue.residual + i * b.y_pixel, columns * sizeof(Residual));
    Y line[kPanel];
    store(line, constants.finished(sum[i], epilogue, epilogue.residual ? residual : nullptr));
    std::memcpy(b.y + i * b.y_pixel, line, columns * sizeof(Y));
  }
}

template <int kCount, class T, class Y> void run_block(const Block<T, Y>& b) {
  const auto* const residual = b.epilogue.residual;
  if (residual) {
    for (int i = 0; i < kCount; ++i) {
      const char* const line = reinterpret_cast<const char*>(residual + i * b.y_pixel);
      for (size_t byte = 0; byte < kPanel * sizeof *residual; byte += 64) __builtin_prefetch(line + byte);
    }
  }
  Sums<T> sum[kCount][2] = {};
  sum_block(b, sum);
  if (b.columns < kPanel) {
    Sums<T> kept[kCount][2];  // `sum` itself would be in memory for all blocks if its address were given away
#pragma GCC unroll 14
    for (int i = 0; i < kCount; ++i) kept[i][0] = sum[i][0], kept[i][1] = sum[i][1];
    return write_part(b, kept);
  }
  const auto write = [&](auto has_residual) {
    const EpilogueOf<T> epilogue = b.epilogue;  // copies stay in registers: stores of bytes could change what is referred to
    const Constants<T> constants(epilogue);
    Y* const y = b.y;
    const int64_t y_pixel = b.y_pixel;
    const auto finished = [&](int i) {
      return constants.finished(sum[i], epilogue, has_residual ? residual + i * y_pixel : nullptr);
    };
#pragma GCC unroll 14
    for (int i = 0; i + 1 < kCount; i += 2) store(y + i * y_pixel, y + (i + 1) * y_pixel, finished(i), finished(i + 1));
    if constexpr (kCount % 2 == 1) store(y + (kCount - 1) * y_pixel, finished(kCount - 1));
  };
  if (residual) write(std::true_type{});
  else write(std::false_type{});
}

/// run_block() of 1 to kPixels pixels.
template <class T, class Y> inline void run_block(const Block<T, Y>& b, int64_t count) {
  static constexpr auto kBlocks = []<size_t... kIndex>(std::index_sequence<kIndex...>) {
    return std::array{&run_block<static_cast<int>(kIndex) + 1, T, Y>...};
  }
  (std::make_index_sequence<kPixels>());
  kBlocks[static_cast<size_t>(count - 1)](b);
}

}  // namespace cudenza::kernels::direct_conv
