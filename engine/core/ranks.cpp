#include "engine/core/ranks.h"

#include <algorithm>

namespace cudenza {

Share share_of(int64_t whole, int rank, int size) {
  require(size > 0 && rank >= 0 && rank < size && whole >= 0, "share_of: there is no rank {} of {} with {} items", rank, size,
          whole);
  const int64_t each = whole / size, left = whole % size;  // the first `left` ranks have one more
  return {rank * each + std::min<int64_t>(rank, left), each + (rank < left)};
}

void Ranks::check_can_sum(DType dtype) {
  require(dtype == DType::f32 || dtype == DType::f64 || dtype == DType::bf16, "Ranks::sum: takes f32, f64 and bf16, but got {}",
          dtype);
}

bool Ranks::any(bool here) {
  if (is_alone()) return here;
  const Tensor count = Tensor::full({1}, here, DType::f32);
  sum(count);
  return count.item() > 0;
}

double Ranks::of_first(double value) {
  if (is_alone()) return value;
  const Tensor shared = Tensor::full({1}, value, DType::f64);
  broadcast(shared);
  return shared.item();
}

}  // namespace cudenza
