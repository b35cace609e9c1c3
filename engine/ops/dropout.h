/// Random zeros for training. In evaluation a layer does not call these ops. Both are differentiable in x. drop_path draws
/// again in the backward pass, so random.advance_step() comes after it (engine/core/random.h).
///
/// The probability is rounded to a multiple of 1/65536, p' say, and what is kept is scaled by exactly 1 / (1 - p').
#pragma once
#include "engine/core/random.h"
#include "engine/core/tensor.h"

namespace cudenza {

/// y = x * keep / (1 - p'), keep being 0 with probability p' for each element, else 1. x itself for p = 0. Throws UsageError
/// unless 0 <= p < 1. Keeps one bit an element for the backward pass. (Srivastava et al., Dropout, JMLR 2014)
Tensor dropout(const Tensor& x, double p, Generator& random);

/// The same with one draw for each sample x[n,…], for the residual branch of a block: stochastic depth. (Huang et al., 2016)
Tensor drop_path(const Tensor& x, double p, Generator& random);

}  // namespace cudenza
