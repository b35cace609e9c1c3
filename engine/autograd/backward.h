/// The backward pass over the tape: visits every node once, after all users of its result, without recursion.
#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

/// Called by Tensor::backward(): adds the gradient of sum(y · dy) to every leaf's grad(). dy has y's shape and dtype. Nodes
/// can be used once. Throws UsageError if nothing was recorded for y, or its nodes were used before.
void backward(const Tensor& y, const Tensor& dy);

}  // namespace cudenza
