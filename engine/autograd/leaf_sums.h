/// Gradients on their way into the grad of leaves. A network has hundreds of them, most small: on a GPU many are added by one
/// launch, on the CPU each while it is in the cache.
#pragma once
#include <vector>

#include "engine/core/tensor.h"

namespace cudenza {

class LeafSums {
 public:
  /// sum += term, at the latest in finish(). `term` is of sum's type, or of 16 bits where `sum` is f32; until then its elements
  /// must stay as they are.
  void add(const Tensor& sum, const Tensor& term);
  void finish();

 private:
  static constexpr size_t kMost = 128;
  static constexpr size_t kMostBytes = size_t{64} << 20;  // what waits keeps its memory
  struct Waiting {
    Tensor sum, term;
  };
  void add_all(DType type) const;

  std::vector<Waiting> waiting_;
  size_t bytes_ = 0;  // of the terms that wait
};

}  // namespace cudenza
