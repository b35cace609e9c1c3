#include <omp.h>

#include <algorithm>
#include <cstring>

#include "kernels/common/parallel.h"
#include "kernels/direct_conv/direct_conv.h"
#include "kernels/direct_conv/tiles.h"

namespace cudenza::kernels {
namespace {

using namespace direct_conv;

// A core's own cache is taken to have 1 MiB.
constexpr int64_t kOwnInput = int64_t{1} << 18;    ///< bytes of a picture's rows that a thread works on
constexpr int64_t kOwnFilters = int64_t{1} << 19;  ///< bytes of all filters, if every thread is to read them all
constexpr int64_t kNearFilters = 5 << 15;          ///< bytes of filters, if a block of pixels is to meet them all at once

/// The convolution in words of 32 bits (block.h).
template <class T> struct Words {
  static constexpr int64_t kNumbers = Product<T>::kChannels;  ///< of a word
  int64_t channels;                                           ///< numbers of a pixel: its channels, and zeros
  int64_t pixel, row;                                         ///< from one output pixel to the next, and of a padded row of x
  int64_t depth;                                              ///< of a filter's row
  bool ends_in_half;                                          ///< its last word is half the window's: the other half may be NaN
  int64_t panels, panel;                                      ///< number, and words of each
  bool copies;                                                ///< rows are copied first, with their padding

  explicit Words(const DirectConvShape& s)
      : channels(channels_of(s)),
        pixel(s.stride * channels / kNumbers),
        row(ceil_div((s.width + 2 * s.pad) * channels, kNumbers)),
        depth(depth_of(s, channels)),
        ends_in_half(std::is_same_v<T, bf16> && s.kernel_w * channels % kNumbers != 0),
        panels(ceil_div<int64_t>(s.out_channels, kPanel)),
        panel(s.kernel_h * depth * kPanel),
        copies(s.pad > 0 || s.in_channels % kNumbers != 0) {}

  static bool has_tiles() { return kHasTiles<T> && amx_is_allowed(); }

 private:
  static int64_t depth_of(const DirectConvShape& s, int64_t channels) { return ceil_div(s.kernel_w * channels, kNumbers); }
  /// No zeros where windows begin at whole words anyway, as those of a picture do: three channels, every second pixel. What a
  /// filter's last word sees beyond the window is multiplied by 0. Tiles cannot leave out what is NaN there.
  static int64_t channels_of(const DirectConvShape& s) {
    const bool fit = s.stride * s.in_channels % kNumbers == 0;
    const bool suits_tiles = std::is_same_v<T, uint8_t> && Tiling::words_for(depth_of(s, s.in_channels)) > 0;
    return fit && (!has_tiles() || suits_tiles) ? s.in_channels : ceil_div(s.in_channels, kNumbers) * kNumbers;
  }
};

/// How the work is cut: bands of output rows, each of one picture or of several whole ones, times groups of panels.
template <class T> struct Cuts {
  bool flat;            ///< a 1x1 convolution without a stride: all pixels are one row, cut into lines of any length
  int64_t lines, line;  ///< number of output rows (in flat ones: lines) of a picture, and pixels of each
  int64_t pictures;     ///< in flat convolutions one
  int64_t band_pictures = 1, bands_of_picture, bands;
  int64_t band_lines;     ///< at most
  int64_t groups, group;  ///< number, and panels of each
  int64_t panels = 1;     ///< that a block of pixels meets before the next block does
  int64_t together = 1;   ///< lines that are cut into tiles as one
  Tiling tiling;

  Cuts(const DirectConvShape& s, const Words<T>& w) {
    if (w.has_tiles()) tiling.words = Tiling::words_for(w.depth);
    const int64_t kLine = 4 * (tiling.words > 0 ? kTileRows : kPixels);
    flat = s.kernel_h == 1 && s.kernel_w == 1 && s.stride == 1 && s.pad == 0 && !w.copies;
    const int64_t pixels = s.batch * s.height * s.width, threads = omp_get_max_threads();
    lines = flat ? ceil_div(pixels, kLine) : s.out_height();
    if (flat && lines > 1) lines = ceil_div(lines, threads) * threads;  // as many for every thread
    line = flat ? ceil_div(pixels, lines) : s.out_width();
    if (flat) lines = ceil_div(pixels, line);
    pictures = flat ? 1 : s.batch;
    const int64_t line_bytes = (flat ? line * w.pixel : s.stride * w.row) * 4;
    const int64_t filters = w.panels * w.panel * 4;
    groups = filters > kOwnFilters || pictures * lines < 2 * threads ? std::min(threads, w.panels) : 1;
    group = ceil_div(w.panels, groups);
    groups = ceil_div(w.panels, group);
    // Then y is written by whole pixels. A tile's product takes longer, so that filters may come from further away.
    if (group * w.panel * 4 <= (tiling.words > 0 ? kOwnFilters : kNearFilters)) panels = group;
    const int64_t even = ceil_div(pictures * lines * groups, 4 * threads);  // lines that give every thread a few bands
    band_lines = std::clamp<int64_t>(kOwnInput / line_bytes, 1, std::max<int64_t>(1, groups > 1 ? lines * pictures : even));
    if (band_lines >= lines) band_pictures = std::min(band_lines / lines, pictures), band_lines = lines;
    bands_of_picture = ceil_div(lines, band_lines);
    if (bands_of_picture > 1)  // as many for every thread, if lines are enough for that
      while (bands_of_picture < lines && bands_of_picture * pictures * groups % threads != 0) ++bands_of_picture;
    band_lines = ceil_div(lines, bands_of_picture);
    bands = bands_of_picture * ceil_div(pictures, band_pictures);
    const bool are_together = w.copies && s.stride == 1 && bands_of_picture == 1;
    if (tiling.words > 0) together = tiling.cut(lines, line, are_together ? s.width + 2 * s.pad : 0);
  }
};

template <class T, class Y = T> struct DirectConv {
  DirectConvShape s;
  const T* x;
  const float* packed;
  Y* y;
  EpilogueOf<T> epilogue;
  float* scratch;
  Words<T> words{s};
  Cuts<T> cut{s, words};

  int64_t padded_width() const { return s.width + 2 * s.pad; }
  int64_t rows_of(int64_t lines) const { return (lines - 1) * s.stride + s.kernel_h; }
  /// Words of a thread's copy of a band.
  int64_t copy_words() const {
    return words.copies ? ceil_div<int64_t>(cut.band_pictures * rows_of(cut.band_lines) * words.row, 16) * 16 : 0;
  }

  void run() const {
    const int64_t cost = cut.band_pictures * cut.band_lines * cut.line * cut.group * words.panel;
    parallel_ranges(cut.bands * cut.groups, cost, [&](int64_t begin, int64_t end) {
      [[maybe_unused]] const TileUse<kHasTiles<T>> tiles(cut.tiling);
      float* const copy = words.copies ? scratch + omp_get_thread_num() * copy_words() : nullptr;
      for (int64_t item = begin; item < end; ++item) run_item(item % cut.bands, item / cut.bands, copy);
    });
  }

  void run_item(int64_t band, int64_t group, float* copy) const {
    const int64_t picture = band / cut.bands_of_picture * cut.band_pictures;
    const int64_t pictures = std::min(cut.band_pictures, cut.pictures - picture);
    const auto begin_of = [&](int64_t number) { return number * cut.lines / cut.bands_of_picture; };
    const int64_t number = band % cut.bands_of_picture, first = begin_of(number), lines = begin_of(number + 1) - first;
    if (words.copies) {
      for (int64_t n = 0; n < pictures; ++n) copy_rows(picture + n, first, lines, copy + n * copy_of_picture(lines));
    }
    const int64_t end = std::min((group + 1) * cut.group, words.panels);
    for (int64_t panel = group * cut.group; panel < end; panel += cut.panels) {
      const int64_t next = std::min(panel + cut.panels, end);
      Ahead ahead(next < end ? packed + next * words.panel : nullptr, words.panel, blocks(pictures * lines));
      const auto each_line = [&](auto&& run) {
        for (int64_t n = 0; n < pictures; ++n) {
          for (int64_t i = 0; i < lines; i += cut.together) {
            const int64_t row = n * rows_of(lines) + i * s.stride;
            run(line_block(picture + n, first + i, panel, copy ? copy + row * words.row : nullptr), pixels_of(first + i));
          }
        }
      };
      if (cut.tiling.words > 0) run_in_tiles(each_line, panel, next - panel, ahead);
      else each_line([&](const Block<T, Y>& line, int64_t pixels) { run_line(line, pixels, next - panel, ahead); });
    }
  }

  template <class EachLine> void run_in_tiles(EachLine&& each_line, int64_t panel, int64_t panels, Ahead& ahead) const {
    if constexpr (kHasTiles<T>) {
      const Block<T, Y> first = line_block(0, 0, panel, nullptr);
      TilePairs<T, Y> pairs(first, cut.tiling, panels, ahead);
      each_line([&](const Block<T, Y>& line, int64_t pixels) { pairs.add(line.x, line.y, line.epilogue.residual, pixels); });
      pairs.finish();
    }
  }

  /// In which so many lines are summed.
  int64_t blocks(int64_t lines) const {
    return cut.tiling.words > 0 ? ceil_div<int64_t>(lines / cut.together * cut.tiling.tiles(pixels_of(0)), 2)
                                : lines * ceil_div<int64_t>(cut.line, kPixels);
  }
  int64_t copy_of_picture(int64_t lines) const { return rows_of(lines) * words.row; }

  /// The rows of a picture that the output rows [first, first + lines) see, with zeros for padding.
  void copy_rows(int64_t picture, int64_t first, int64_t lines, float* to) const {
    const auto row_bytes = static_cast<size_t>(words.row) * 4, pixel_bytes = static_cast<size_t>(words.channels) * sizeof(T);
    const size_t begin = static_cast<size_t>(s.pad) * pixel_bytes, end = begin + static_cast<size_t>(s.width) * pixel_bytes;
    for (int64_t i = 0; i < rows_of(lines); ++i, to += words.row) {
      const int64_t row = first * s.stride + i - s.pad;
      char* const bytes = reinterpret_cast<char*>(to);
      if (row < 0 || row >= s.height) {
        std::memset(bytes, 0, row_bytes);
        continue;
      }
      std::memset(bytes, 0, begin);
      copy_row(x + (picture * s.height + row) * s.width * s.in_channels, reinterpret_cast<T*>(bytes + begin));
      std::memset(bytes + end, 0, row_bytes - end);
    }
  }

  void copy_row(const T* from, T* out) const {
    const int64_t numbers = words.channels;
    if (numbers == s.in_channels) {
      std::memcpy(out, from, static_cast<size_t>(s.width * s.in_channels) * sizeof(T));
      return;
    }
    int64_t j = 0;
    if (s.in_channels * sizeof(T) == 6) {  // pictures in 16 bits: four numbers at a time, the last of which becomes 0
      for (; j + 1 < s.width; ++j, out += numbers, from += s.in_channels) {
        uint64_t pixel;
        std::memcpy(&pixel, from, sizeof pixel);
        pixel &= 0xFFFF'FFFF'FFFFu;
        std::memcpy(out, &pixel, sizeof pixel);
      }
    }
    for (; j < s.width; ++j, out += numbers, from += s.in_channels) {
      std::memcpy(out, from, static_cast<size_t>(s.in_channels) * sizeof(T));
      std::memset(static_cast<void*>(out + s.in_channels), 0, static_cast<size_t>(numbers - s.in_channels) * sizeof(T));
    }
  }

  int64_t pixels_of(int64_t line) const {
    if (cut.flat) return std::min(cut.line, s.batch * s.height * s.width - line * cut.line);
    return (cut.together - 1) * padded_width() + cut.line;
  }

  /// An output row by the panels from `panel` on. `copied`: its rows of x, where they were copied.
  Block<T, Y> line_block(int64_t picture, int64_t line, int64_t panel, const float* copied) const {
    const float* from = copied;
    if (!copied) {
      const int64_t pixel = cut.flat ? line * cut.line : (picture * s.height + line * s.stride) * s.width;
      from = reinterpret_cast<const float*>(x + pixel * s.in_channels);
    }
    const int64_t at = (picture * (cut.flat ? 0 : cut.lines) + line) * cut.line * s.out_channels;
    Block<T, Y> b{.x = from,
                  .pixel = words.pixel,
                  .x_row = words.row,
                  .filters = packed,
                  .rows = s.kernel_h,
                  .depth = words.depth - words.ends_in_half,
                  .ends_in_half = words.ends_in_half,
                  .ahead = nullptr,
                  .ahead_step = 0,
                  .y = y + at,
                  .y_pixel = s.out_channels,
                  .columns = s.out_channels,
                  .epilogue = epilogue};
    if (epilogue.residual) b.epilogue.residual += at;
    b.move_to_panel(panel);
    return b;
  }

  void run_line(const Block<T, Y>& line, int64_t pixels, int64_t panels, Ahead& ahead) const {
    const int64_t blocks = ceil_div<int64_t>(pixels, kPixels);
    for (int64_t i = 0, done = 0; i < blocks; ++i) {
      const int64_t count = (pixels - done + blocks - i - 1) / (blocks - i);  // blocks of nearly one size
      Block<T, Y> b = line.from(done);
      ahead.give(b);
      for (int64_t panel = 0; panel < panels; ++panel, b.move_to_panel(1)) run_block(b, count);
      done += count;
    }
  }
};

}  // namespace

template <class T> int64_t direct_conv_filter_bytes(const DirectConvShape& s) {
  const Words<T> words(s);
  return words.panels * words.panel * 4;
}

template <class T> void direct_conv_pack(Cpu, const DirectConvShape& s, const direct_conv_filter_t<T>* w, void* packed) {
  using Filter = direct_conv_filter_t<T>;
  constexpr int64_t kNumbers = Words<T>::kNumbers;
  const Words<T> words(s);
  parallel_ranges(words.panels, words.panel, [&](int64_t begin, int64_t end) {
    Filter* to = static_cast<Filter*>(packed) + begin * words.panel * kNumbers;
    for (int64_t panel = begin; panel < end; ++panel) {
      for (int64_t row = 0; row < s.kernel_h; ++row) {
        for (int64_t l = 0; l < words.depth * kNumbers; l += kNumbers) {
          for (int64_t k = panel * kPanel; k < (panel + 1) * kPanel; ++k) {
            for (int64_t i = l; i < l + kNumbers; ++i) {
              const int64_t tap = i / words.channels, c = i % words.channels;
              const bool is_there = k < s.out_channels && tap < s.kernel_w && c < s.in_channels;
              *to++ = is_there ? w[((k * s.kernel_h + row) * s.kernel_w + tap) * s.in_channels + c] : static_cast<Filter>(0.0F);
            }
          }
        }
      }
    }
  });
}

template <class T> int64_t direct_conv_scratch_bytes(const DirectConvShape& s) {
  const DirectConv<T> conv{s, nullptr, nullptr, nullptr, {}, nullptr};
  return conv.copy_words() * 4 * omp_get_max_threads();
}

template <class T>
void direct_convolve(Cpu, const DirectConvShape& s, const T* x, const void* packed, T* y, const ConvEpilogue<T>& epilogue,
                     void* scratch) {
  DirectConv<T>{s, x, static_cast<const float*>(packed), y, epilogue, static_cast<float*>(scratch)}.run();
}

template <class Y>
void direct_convolve(Cpu, const DirectConvShape& s, const uint8_t* x, const void* packed, Y* y, const Int8Epilogue& epilogue,
                     void* scratch) {
  DirectConv<uint8_t, Y>{s, x, static_cast<const float*>(packed), y, epilogue, static_cast<float*>(scratch)}.run();
}

template int64_t direct_conv_filter_bytes<float>(const DirectConvShape&);
template int64_t direct_conv_filter_bytes<bf16>(const DirectConvShape&);
template int64_t direct_conv_filter_bytes<uint8_t>(const DirectConvShape&);
template void direct_conv_pack<float>(Cpu, const DirectConvShape&, const float*, void*);
template void direct_conv_pack<bf16>(Cpu, const DirectConvShape&, const bf16*, void*);
template void direct_conv_pack<uint8_t>(Cpu, const DirectConvShape&, const int8_t*, void*);
template void direct_convolve(Cpu, const DirectConvShape&, const float*, const void*, float*, const ConvEpilogue<float>&, void*);
template void direct_convolve(Cpu, const DirectConvShape&, const bf16*, const void*, bf16*, const ConvEpilogue<bf16>&, void*);
template int64_t direct_conv_scratch_bytes<float>(const DirectConvShape&);
template int64_t direct_conv_scratch_bytes<bf16>(const DirectConvShape&);
template int64_t direct_conv_scratch_bytes<uint8_t>(const DirectConvShape&);
template void direct_convolve(Cpu, const DirectConvShape&, const uint8_t*, const void*, uint8_t*, const Int8Epilogue&, void*);
template void direct_convolve(Cpu, const DirectConvShape&, const uint8_t*, const void*, float*, const Int8Epilogue&, void*);
template void direct_convolve(Cpu, const DirectConvShape&, const uint8_t*, const void*, bf16*, const Int8Epilogue&, void*);

}  // namespace cudenza::kernels
