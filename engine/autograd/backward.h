/// The walk back along the tape: every node once, after all users of its result, without recursion.
#pragma once
#include "engine/core/tensor.h"

namespace cudenza {

/// Adds to every leaf's grad() the gradient of sum(y · dy). dy has y's shape and dtype. The nodes that were walked are used up.
/// Throws UsageError if nothing was recorded for y, or if its nodes were used before. What Tensor::backward() calls.
void backward(const Tensor& y, const Tensor& dy);

}  // namespace cudenza
