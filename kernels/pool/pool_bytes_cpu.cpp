#include <algorithm>
#include <cstring>

#include "kernels/common/parallel.h"
#include "kernels/pool/pool_math.h"
#include "kernels/simd/simd.h"

namespace cudenza::kernels {
namespace {

using Bytes __attribute__((vector_size(kSimdBytes))) = uint8_t;

/// The pixels of a window: rows of them, each so many bytes from the one before.
struct Window {
  const uint8_t* first;
  int64_t rows, row, columns, column;

  /// f(pixel) for each.
  template <class F> void each(F&& f) const {
    for (int64_t p = 0; p < rows; ++p) {
      for (int64_t q = 0; q < columns; ++q) f(first + p * row + q * column);
    }
  }
};

void max_of(const Window& w, uint8_t* y, int64_t channels) {
  int64_t c = 0;
  for (; c + kSimdBytes <= channels; c += kSimdBytes) {
    Bytes most{};
    w.each([&](const uint8_t* pixel) {
      Bytes x;
      std::memcpy(&x, pixel + c, sizeof x);
      most = most > x ? most : x;
    });
    std::memcpy(y + c, &most, sizeof most);
  }
  for (; c < channels; ++c) {
    uint8_t most = 0;
    w.each([&](const uint8_t* pixel) { most = std::max(most, pixel[c]); });
    y[c] = most;
  }
}

}  // namespace

void max_pool_bytes(Cpu, const uint8_t* x, uint8_t* y, const PoolShape<StridedSide>& s) {
  const int64_t lines = static_cast<int64_t>(s.batch) * s.rows.out;
  parallel_ranges(lines, s.columns.out * longest(s.rows) * longest(s.columns) * s.channels / 16, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      const int n = static_cast<int>(line / s.rows.out);
      const Span down = window(s.rows, static_cast<int>(line % s.rows.out));
      for (int j = 0; j < s.columns.out; ++j) {
        const Span along = window(s.columns, j);
        const Window w{.first = x + pixel_offset(n, down.begin, along.begin, s.rows.size, s.columns.size, s.channels),
                       .rows = down.end - down.begin,
                       .row = s.columns.size * s.channels,
                       .columns = along.end - along.begin,
                       .column = s.channels};
        max_of(w, y + (line * s.columns.out + j) * s.channels, s.channels);
      }
    }
  });
}

}  // namespace cudenza::kernels
