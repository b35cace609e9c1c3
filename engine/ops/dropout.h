/// Random zeros for training; evaluation does not call these ops. Both are differentiable in x. drop_path draws again in the
/// backward pass, so call random.advance_step() after it (engine/core/random.h).
///
/// The probability is rounded to a multiple of 1/65536, called p'. Kept values are scaled by exactly 1 / (1 - p').
#pragma once
#include "engine/core/random.h"
#include "engine/core/tensor.h"

namespace cudenza {

/// y = x * keep / (1 - p'), where keep is 0 with probability p' for each element, else 1. Returns x itself if p = 0. Throws
/// UsageError unless 0 <= p < 1. Keeps one bit per element for the backward pass. (Srivastava et al., Dropout, JMLR 2014)
Tensor dropout(const Tensor& x, double p, Generator& random);

/// The same with one draw per sample x[n,…], for a block's residual branch: stochastic depth. (Huang et al., 2016)
Tensor drop_path(const Tensor& x, double p, Generator& random);

}  // namespace cudenza
