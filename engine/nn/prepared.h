/// A network for inference alone: made once from a trained one, then run often.
#pragma once
#include <list>

#include "engine/core/memory_plan.h"
#include "engine/nn/module.h"

namespace cudenza::gpu {
class CapturedGraph;
}

namespace cudenza {

/// On a CPU: batch norms are folded into filters, filters are packed for the algorithm that suits them
/// (engine/libraries/packed_conv.h), and the arrays of a pass have their places in one block (engine/core/memory_plan.h). On a
/// GPU: folded filters and rounded biases, and a pass is one captured graph. All of it is made at the first passes with a batch's
/// shape.
///
/// The network itself is unchanged: as an ordinary module in evaluation mode it gives the same logits, but for rounding. It must
/// outlive this, and its weights must stay as they are meanwhile. With Weights::dropped it is only good for this any more.
class Prepared {
 public:
  explicit Prepared(Module& network, Weights = Weights::kept);
  /// Restores the network's mode, unless its weights were dropped.
  ~Prepared();
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

  /// Records nothing for a backward pass. Not for two threads at the same time.
  Tensor operator()(const Tensor& x);
  /// Of the blocks for the arrays of a pass on a CPU, one for each of the last few shapes of x.
  size_t planned_bytes() const;

 private:
  /// What is kept for one shape of x.
  struct Pass;
  Pass& pass_of(const Tensor& x);

  Module& network_;
  bool was_training_, restores_;
  std::list<Pass> passes_;  ///< the last one used comes first
};

}  // namespace cudenza
