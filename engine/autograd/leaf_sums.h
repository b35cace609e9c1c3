/// Adds gradients to the grad of leaves. A network has hundreds of leaves, most of them small: a GPU adds many in one launch,
/// the CPU each one while it is in the cache.
#pragma once
#include <vector>

#include "engine/core/tensor.h"

namespace cudenza {

class LeafSums {
 public:
  /// sum += term, now or in finish(); until then `term` must not change. `term` has sum's dtype, or 16 bits if `sum` is f32.
  void add(const Tensor& sum, const Tensor& term);
  void finish();

 private:
  static constexpr size_t kMost = 128;
  static constexpr size_t kMostBytes = size_t{64} << 20;  // waiting terms hold memory
  struct Waiting {
    Tensor sum, term;
  };
  void add_all(DType type) const;

  std::vector<Waiting> waiting_;
  size_t bytes_ = 0;  // of the waiting terms
};

}  // namespace cudenza
