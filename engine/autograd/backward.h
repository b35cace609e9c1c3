/// The backward pass over the tape: visits every node once, after all users of its result, without recursion.
#pragma once
#include <functional>

#include "engine/core/tensor.h"

namespace cudenza {

class LeafSums;

/// While one lives, it follows the backward passes of this thread leaf by leaf.
class LeafObserver {
 public:
  /// Called once all users of a leaf have run: its grad gets no more terms. Some that it has got may be in `waiting`; they are
  /// in the grad after waiting.finish().
  using Complete = std::function<void(const Tensor& grad, LeafSums& waiting)>;
  explicit LeafObserver(Complete complete);
  ~LeafObserver();
  LeafObserver(const LeafObserver&) = delete;
  LeafObserver& operator=(const LeafObserver&) = delete;

 private:
  friend void backward(const Tensor&, const Tensor&);
  Complete complete_;
  LeafObserver* before_;
};

/// Called by Tensor::backward(): adds the gradient of sum(y · dy) to every leaf's grad(). dy has y's shape and dtype. Nodes
/// can be used once. Throws UsageError if nothing was recorded for y, or its nodes were used before.
void backward(const Tensor& y, const Tensor& dy);

}  // namespace cudenza
