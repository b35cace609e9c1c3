/// What reduce.h takes of each row, as loops.
#include "kernels/reduce/reduce_instances.h"

namespace cudenza::kernels {
namespace {

/// The first c where x[c] is the row's maximum; NaN is the largest.
template <class T> int64_t first_largest(const T* x, int64_t channels) {
  int64_t best = 0;
  for (int64_t c = 1; c < channels; ++c) {
    const bool is_nan = x[c] != x[c], best_is_nan = x[best] != x[best];
    if (!best_is_nan && (is_nan || x[c] > x[best])) best = c;
  }
  return best;
}

}  // namespace

template <class T> void row_sum(Reference, const T* x, acc_t<T>* y, int64_t rows, int64_t channels) {
  for (int64_t r = 0; r < rows; ++r) sum_all(Reference{}, x + r * channels, y + r, channels, 1, nullptr);
}

template <class T> void row_max(Reference, const T* x, T* y, int64_t rows, int64_t channels) {
  for (int64_t r = 0; r < rows; ++r) y[r] = x[r * channels + first_largest(x + r * channels, channels)];
}

template <class T> void row_argmax(Reference, const T* x, int64_t* y, int64_t rows, int64_t channels) {
  for (int64_t r = 0; r < rows; ++r) y[r] = first_largest(x + r * channels, channels);
}

CUDENZA_REDUCE_ROWS(Reference, float)
CUDENZA_REDUCE_ROWS(Reference, bf16)
CUDENZA_REDUCE_ROWS(Reference, f16)
CUDENZA_REDUCE_ROWS(Reference, double)

}  // namespace cudenza::kernels
