#include <algorithm>
#include <cstring>

#include "kernels/common/parallel.h"
#include "kernels/pool/pool_math.h"

namespace cudenza::kernels {

void max_pool_bytes(Cpu, const uint8_t* x, uint8_t* y, const PoolShape<StridedSide>& s) {
  const auto channels = static_cast<size_t>(s.channels);
  const int64_t lines = static_cast<int64_t>(s.batch) * s.rows.out;
  parallel_ranges(lines, s.columns.out * longest(s.rows) * longest(s.columns) * s.channels / 16, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      const int n = static_cast<int>(line / s.rows.out);
      const Span down = window(s.rows, static_cast<int>(line % s.rows.out));
      for (int j = 0; j < s.columns.out; ++j) {
        const Span along = window(s.columns, j);
        uint8_t* const to = y + (line * s.columns.out + j) * s.channels;
        for (int p = down.begin; p < down.end; ++p) {
          for (int q = along.begin; q < along.end; ++q) {
            const uint8_t* const from = x + pixel_offset(n, p, q, s.rows.size, s.columns.size, s.channels);
            if (p == down.begin && q == along.begin) {
              std::memcpy(to, from, channels);
              continue;
            }
            for (size_t c = 0; c < channels; ++c) to[c] = std::max(to[c], from[c]);
          }
        }
      }
    }
  });
}

}  // namespace cudenza::kernels
