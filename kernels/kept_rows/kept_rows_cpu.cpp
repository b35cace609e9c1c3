#include <algorithm>
#include <limits>

#include "kernels/common/float16.h"
#include "kernels/common/parallel.h"
#include "kernels/kept_rows/kept_rows_math.h"

namespace cudenza::kernels {

template <class T>
void kept_rows(Cpu, const KeptRows& s, const T* x, const int64_t* first, const int64_t* rows, const uint32_t* epoch, T* y) {
  parallel_ranges(s.batch, s.row_size, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t row = kept_row(s, first, rows, epoch, b);
      T* const to = y + b * s.row_size;
      if (row < 0) std::fill_n(to, s.row_size, T(std::numeric_limits<float>::quiet_NaN()));
      else std::copy_n(x + row * s.row_size, s.row_size, to);
    }
  });
}

template void kept_rows(Cpu, const KeptRows&, const float*, const int64_t*, const int64_t*, const uint32_t*, float*);
template void kept_rows(Cpu, const KeptRows&, const bf16*, const int64_t*, const int64_t*, const uint32_t*, bf16*);
template void kept_rows(Cpu, const KeptRows&, const f16*, const int64_t*, const int64_t*, const uint32_t*, f16*);

}  // namespace cudenza::kernels
