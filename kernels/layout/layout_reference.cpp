/// The equations of layout.h as loops.
#include "kernels/layout/layout.h"

namespace cudenza::kernels {

template <class Element> void transpose(Reference, const Element* x, Element* y, const TransposeShape& s) {
#pragma omp parallel for collapse(2)
  for (int64_t n = 0; n < s.batch; ++n) {
    for (int64_t j = 0; j < s.columns; ++j) {
      for (int64_t i = 0; i < s.rows; ++i) y[(n * s.columns + j) * s.rows + i] = x[(n * s.rows + i) * s.columns + j];
    }
  }
}

void copy_rows(Reference, char* to, int64_t to_pitch, const char* from, int64_t from_pitch, int64_t bytes, int64_t rows) {
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t b = 0; b < bytes; ++b) to[r * to_pitch + b] = from[r * from_pitch + b];
  }
}

template void transpose(Reference, const uint8_t*, uint8_t*, const TransposeShape&);
template void transpose(Reference, const uint16_t*, uint16_t*, const TransposeShape&);
template void transpose(Reference, const uint32_t*, uint32_t*, const TransposeShape&);
template void transpose(Reference, const uint64_t*, uint64_t*, const TransposeShape&);

}  // namespace cudenza::kernels
