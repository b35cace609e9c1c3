#include <limits>

#include "kernels/common/float16.h"
#include "kernels/kept_rows/kept_rows_math.h"

namespace cudenza::kernels {

template <class T>
void kept_rows(Reference, const KeptRows& s, const T* x, const int64_t* first, const int64_t* rows, const uint32_t* epoch, T* y) {
  for (int64_t b = 0; b < s.batch; ++b) {
    const int64_t row = kept_row(s, first, rows, epoch, b);
    for (int64_t i = 0; i < s.row_size; ++i)
      y[b * s.row_size + i] = row < 0 ? T(std::numeric_limits<float>::quiet_NaN()) : x[row * s.row_size + i];
  }
}

template void kept_rows(Reference, const KeptRows&, const float*, const int64_t*, const int64_t*, const uint32_t*, float*);
template void kept_rows(Reference, const KeptRows&, const double*, const int64_t*, const int64_t*, const uint32_t*, double*);
template void kept_rows(Reference, const KeptRows&, const bf16*, const int64_t*, const int64_t*, const uint32_t*, bf16*);
template void kept_rows(Reference, const KeptRows&, const f16*, const int64_t*, const int64_t*, const uint32_t*, f16*);

}  // namespace cudenza::kernels
